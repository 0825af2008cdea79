# SPDX-License-Identifier: Apache-2.0
"""A host that operations work on: its connection, options and facts."""

import dataclasses

from oslo_config import cfg

from nova_xen import config, exceptions
from nova_xen.domain import Domain
from nova_xen.hypervisor import (
    BootPaths,
    Connection,
    Deadlines,
    Guest,
    find_guest,
    gather_host_facts,
)
from nova_xen.model import HostFacts, ImageOptions, PlanOptions
from nova_xen.network import host_bridges


@dataclasses.dataclass(frozen=True)
class Host:
    """Everything an operation needs; timeouts in seconds."""

    connection: Connection
    options: PlanOptions
    images: ImageOptions = dataclasses.field(default_factory=ImageOptions)
    boot_paths: BootPaths = dataclasses.field(default_factory=BootPaths)
    shutdown_timeout: int = 60
    reboot_timeout: int = 120

    def facts(self) -> HostFacts:
        """Ask libvirt and the file system what this host is and has.

        :raises HypervisorUnavailable: no libvirtd, no Xen or no permission
        """
        return gather_host_facts(
            self.connection, bridges=host_bridges(), boot_paths=self.boot_paths
        )

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
    deadlines = Deadlines(create=conf.xen.create_timeout, query=conf.xen.query_timeout)
    connection = Connection(config.connection_uri(conf), deadlines=deadlines)
    return Host(
        connection=connection,
        options=config.plan_options(conf),
        images=config.image_options(conf),
        boot_paths=_boot_paths(conf),
        shutdown_timeout=conf.xen.shutdown_timeout,
        reboot_timeout=conf.libvirt.wait_soft_reboot_seconds,
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
