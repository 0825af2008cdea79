# SPDX-License-Identifier: Apache-2.0
"""Reading configuration files."""

from collections.abc import Sequence

from oslo_config import cfg

from nova_xen import exceptions
from nova_xen.config import (
    default,
    image_cache,
    libvirt,
    migration,
    resources,
    vnc,
    xen,
)

_GROUPS: tuple[tuple[str | None, Sequence[cfg.Opt]], ...] = (
    (
        None,
        [*default.default_opts, *resources.default_opts, *migration.default_opts],
    ),
    ("compute", default.compute_opts),
    ("api", default.api_opts),
    ("guestfs", default.guestfs_opts),
    (image_cache.GROUP, image_cache.image_cache_opts),
    (libvirt.GROUP, [*libvirt.libvirt_opts, *migration.libvirt_opts]),
    (vnc.GROUP, vnc.vnc_opts),
    (xen.GROUP, [*xen.xen_opts, *migration.xen_opts]),
)


def list_opts() -> list[tuple[str | None, list[cfg.Opt]]]:
    """All options, for oslo-config-generator."""
    return [(group or "DEFAULT", list(opts)) for group, opts in _GROUPS]


def load(files: Sequence[str] = ()) -> cfg.ConfigOpts:
    """Options read from ``files``, the defaults where they are silent.

    :raises InvalidConfig: a file that cannot be read or a value that cannot be
    """
    conf = cfg.ConfigOpts()
    for group, opts in _GROUPS:
        conf.register_opts(opts, group=group)
    try:
        conf(args=[], project="nova-xen", default_config_files=list(files))
        for group, opts in _GROUPS:
            for opt in opts:
                getattr(conf[group] if group else conf, opt.dest)
    except (cfg.Error, ValueError) as exc:
        raise exceptions.InvalidConfig(why=str(exc).strip().rstrip(".")) from None
    return conf
