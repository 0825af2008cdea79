# SPDX-License-Identifier: Apache-2.0
"""[image_cache]: options shared with Nova, by Nova's names and defaults."""

from oslo_config import cfg

GROUP = "image_cache"

image_cache_opts = [
    cfg.BoolOpt(
        "remove_unused_base_images",
        default=True,
        help="""
Remove images of the cache that have not been used for a while.

The command ``nova-xen image cache prune`` does it. One that the disk of a
server lies upon is never removed.

Related options:

* ``remove_unused_original_minimum_age_seconds``
* ``[xen] image_cache_limit_gib``
""",
    ),
    cfg.IntOpt(
        "remove_unused_original_minimum_age_seconds",
        default=24 * 3600,
        min=0,
        help="Seconds since its last use after which an unused image is removed.",
    ),
]
