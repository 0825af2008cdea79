# SPDX-License-Identifier: Apache-2.0
"""A host that operations work on: its connection, options and facts."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Protocol

from oslo_config import cfg

from nova_xen import config, exceptions
from nova_xen.domain import Domain
from nova_xen.hypervisor import (
    BootPaths,
    Connection,
    Deadlines,
    Guest,
    device_model,
    find_guest,
    gather_host_facts,
    require_served,
    unserved_formats,
)
from nova_xen.images import require_files
from nova_xen.injection.options import InjectionOptions
from nova_xen.model import (
    DiskFormat,
    HostFacts,
    ImageOptions,
    InventoryOptions,
    PlanOptions,
    XenDomain,
)
from nova_xen.network import host_bridges


class XenTools(Protocol):
    """What Xen knows of domains, beside libvirt."""

    def domains(self) -> tuple[XenDomain, ...]:
        """Every domain but Domain-0.

        :raises ToolstackFailed: Xen's tool does not answer
        """

    def resume(self, domid: int) -> None:
        """Let a domain go on that was suspended and is still there.

        :raises ToolstackFailed: it is not suspended, or libxl could not
        """

    def destroy(self, domid: int) -> None:
        """End a domain at once; no error when it is gone.

        :raises ToolstackFailed: it is still there
        """


def xl_toolstack() -> XenTools:
    """Xen by its own tools, which hardly any command needs."""
    from nova_xen.hypervisor.xl import XlToolstack

    return XlToolstack()


@dataclasses.dataclass(frozen=True)
class Host:
    """Everything an operation needs; timeouts in seconds.

    ``xen_run_dir`` is XEN_RUN_DIR of Xen's tools, with the sockets of device models.
    """

    connection: Connection
    options: PlanOptions
    images: ImageOptions = dataclasses.field(default_factory=ImageOptions)
    resources: InventoryOptions = dataclasses.field(default_factory=InventoryOptions)
    boot_paths: BootPaths = dataclasses.field(default_factory=BootPaths)
    shutdown_timeout: int = 60
    reboot_timeout: int = 120
    vendor_data_path: str = ""
    device_model_paths: tuple[str, ...] = device_model.PATHS
    xen_run_dir: str = "/var/run/xen"
    injection: InjectionOptions = dataclasses.field(default_factory=InjectionOptions)
    toolstack: Callable[[], XenTools] = xl_toolstack
    #: how long a guest has to take a device that is plugged in
    device_timeout: float = 10
    xenstored_sockets: tuple[str, ...] | None = None

    def facts(
        self, formats: Iterable[DiskFormat] = (), *, programs: bool = True
    ) -> HostFacts:
        """Ask libvirt and the file system what this host is and has.

        :param formats: disk formats to ask the device model about, a process each
        :param programs: look for boot programs and xenconsoled too
        :raises HypervisorUnavailable: no libvirtd, no Xen or no permission
        """
        facts = gather_host_facts(
            self.connection,
            bridges=host_bridges(),
            boot_paths=self.boot_paths,
            programs=programs,
        )
        lacking = unserved_formats(formats, self.device_model_paths)
        return dataclasses.replace(facts, unserved_formats=lacking)

    def require_startable(self, domain: Domain, name: str) -> None:
        """Look for what libxl does not notice before it starts a guest.

        :raises FileMissing: a disk, kernel or ramdisk is not there
        :raises FormatNotServed: this host's QEMU cannot open a disk
        """
        require_files(domain, name)
        require_served(domain, name, self.device_model_paths)

    def find(self, name: str) -> tuple[Guest, Domain]:
        """The server of this name or UUID and its document.

        :raises ServerNotFound: there is none
        :raises NotOurs: a domain that somebody else made
        """
        guest = find_guest(self.connection, name)
        domain = guest.domain()
        if domain.instance is None:
            raise exceptions.NotOurs(server=name)
        return guest, domain


def open_host(conf: cfg.ConfigOpts) -> Host:
    """The host that the options describe; nothing is connected yet."""
    connection = Connection(
        config.connection_uri(conf),
        deadlines=_deadlines(conf),
        save_folder=config.save_folder(conf),
    )
    return Host(
        connection=connection,
        options=config.plan_options(conf),
        images=config.image_options(conf),
        resources=config.inventory_options(conf),
        boot_paths=_boot_paths(conf),
        shutdown_timeout=conf.xen.shutdown_timeout,
        reboot_timeout=conf.libvirt.wait_soft_reboot_seconds,
        vendor_data_path=conf.api.vendordata_jsonfile_path,
        device_model_paths=_device_model_paths(conf),
        injection=_injection(conf),
    )


def _deadlines(conf: cfg.ConfigOpts) -> Deadlines:
    return Deadlines(
        create=conf.xen.create_timeout,
        query=conf.xen.query_timeout,
        save=conf.xen.save_timeout,
        restore=conf.xen.save_timeout,
    )


def _device_model_paths(conf: cfg.ConfigOpts) -> tuple[str, ...]:
    given: str = conf.xen.device_model_path
    return (given,) if given else device_model.PATHS


def _injection(conf: cfg.ConfigOpts) -> InjectionOptions:
    return InjectionOptions(
        memory_mib=conf.xen.guestfs_memory,
        timeout=conf.xen.guestfs_timeout,
        network_template=conf.injected_network_template or None,
        cache_dir=conf.xen.guestfs_cache_dir or None,
        debug=conf.guestfs.debug,
    )


def _boot_paths(conf: cfg.ConfigOpts) -> BootPaths:
    given = {
        "hvmloader": conf.libvirt.xen_hvmloader_path,
        "ovmf": conf.xen.ovmf_path,
        "pvgrub": conf.xen.pvgrub_path,
        "pvhgrub": conf.xen.pvhgrub_path,
        "pygrub": conf.xen.pygrub_path,
    }
    chosen = {name: (path,) for name, path in given.items() if path}
    return dataclasses.replace(BootPaths(), **chosen)
