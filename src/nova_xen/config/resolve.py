# SPDX-License-Identifier: Apache-2.0
"""From option values to what planning and libvirt need."""

from oslo_config import cfg

from nova_xen import exceptions
from nova_xen.model import PlanOptions

DRIVER = "libvirt.LibvirtDriver"
DEFAULT_URI = "xen:///system"


def require_xen(conf: cfg.ConfigOpts) -> None:
    """Refuse a configuration that is for another hypervisor.

    :raises InvalidConfig: compute_driver or virt_type says something else
    """
    if conf.compute_driver != DRIVER:
        raise exceptions.InvalidConfig(
            why=f"compute_driver is {conf.compute_driver}; nova-xen needs {DRIVER}"
        )
    if conf.libvirt.virt_type != "xen":
        raise exceptions.InvalidConfig(
            why=f"[libvirt] virt_type is {conf.libvirt.virt_type}; nova-xen needs xen"
        )


def connection_uri(conf: cfg.ConfigOpts, override: str | None = None) -> str:
    """The URI of libvirt: ``override``, else the option, else the default."""
    return override or conf.libvirt.connection_uri or DEFAULT_URI


def plan_options(conf: cfg.ConfigOpts) -> PlanOptions:
    """The operator's choices for planning."""
    return PlanOptions(
        instances_path=conf.instances_path,
        vnc_enabled=conf.vnc.enabled,
        vnc_listen=conf.vnc.server_listen,
        usb_tablet=conf.pointer_model == "usbtablet",
        use_cow_images=conf.use_cow_images,
        images_type=conf.libvirt.images_type,
        pv_bootloader=conf.xen.pv_bootloader,
        cpuset=conf.compute.cpu_shared_set,
        vif_script=conf.xen.vif_script,
    )
