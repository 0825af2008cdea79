# SPDX-License-Identifier: Apache-2.0
"""Options: Nova's where Nova has them, and a group [xen] of our own."""

from nova_xen.config.load import list_opts, load
from nova_xen.config.resolve import (
    connection_uri,
    image_options,
    inventory_options,
    migration_options,
    plan_options,
    require_xen,
    save_folder,
)

__all__ = [
    "connection_uri",
    "image_options",
    "inventory_options",
    "list_opts",
    "load",
    "migration_options",
    "plan_options",
    "require_xen",
    "save_folder",
]
