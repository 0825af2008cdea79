# SPDX-License-Identifier: Apache-2.0
"""nova-xen: Xen hosts through libvirt's libxl driver, with Nova or alone."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oslo_config import cfg

    from nova_xen.driver import LibvirtDriver

__all__ = ["load_compute_driver"]


def load_compute_driver(conf: "cfg.ConfigOpts | str", **kwargs: Any) -> "LibvirtDriver":
    """The driver for a nova.conf, given as a path or as options read from one.

    :raises InvalidConfig: compute_driver is not libvirt.LibvirtDriver or virt_type is
        not xen, or a value cannot be
    """
    from nova_xen import config
    from nova_xen.driver import LibvirtDriver

    loaded = config.load([conf]) if isinstance(conf, str) else conf
    config.require_xen(loaded)
    return LibvirtDriver(loaded, **kwargs)
