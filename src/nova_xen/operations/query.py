# SPDX-License-Identifier: Apache-2.0
"""What servers there are and what each is."""

from nova_xen import exceptions
from nova_xen.domain import Disk, Domain
from nova_xen.hypervisor import Guest, console_log_dir, console_log_path, take_inventory
from nova_xen.model import Server, ServerDisk, ServerNic, ServerSummary
from nova_xen.operations.host import Host
from nova_xen.rules import mode_of


def list_servers(host: Host) -> tuple[ServerSummary, ...]:
    """Every server of this host, by name."""
    inventory = take_inventory(host.connection)
    return tuple(listed.summary for listed in inventory.servers)


def get_server(host: Host, name: str) -> Server:
    """Everything told of one server.

    :raises ServerNotFound: there is none
    """
    guest, _domain = host.find(name)
    return describe(guest)


def describe(guest: Guest) -> Server:
    """Everything told of ``guest``, read back from its document."""
    domain = guest.domain()
    instance = domain.instance
    if instance is None:
        raise exceptions.NotOurs(server=guest.name)
    return Server(
        uuid=domain.uuid,
        name=domain.name,
        state=guest.state(),
        mode=mode_of(domain),
        vcpus=domain.vcpus,
        memory_mib=domain.memory // 1024,
        domid=guest.domid(),
        image=instance.image.uuid or instance.image.name or "",
        flavor=instance.flavor.name,
        created=instance.creation_time,
        boot=_boot(domain),
        disks=tuple(map(_disk, domain.devices.disks)),
        nics=tuple(
            ServerNic(
                mac=nic.mac or "", bridge=nic.bridge or "", model=nic.model or "default"
            )
            for nic in domain.devices.interfaces
        ),
        vnc=_vnc(domain),
        console_log=_console(domain),
        properties={each.name: each.value for each in instance.image.properties},
    )


def _disk(disk: Disk) -> ServerDisk:
    return ServerDisk(
        target=disk.target_dev,
        bus=disk.target_bus,
        format=disk.driver_type or "raw",
        source=disk.source or "",
    )


def _boot(domain: Domain) -> str:
    """How it boots, in a word and its path."""
    if domain.bootloader:
        return f"bootloader {domain.bootloader}"
    if domain.os.kernel:
        return f"kernel {domain.os.kernel}"
    return f"firmware {domain.os.loader or 'default'}"


def _vnc(domain: Domain) -> str:
    """Address and port of the screen; empty when there is none or it is off."""
    for screen in domain.devices.graphics:
        if screen.port is not None and screen.port > 0:
            return f"{screen.listen or '127.0.0.1'}:{screen.port}"
    return ""


def _console(domain: Domain) -> str:
    try:
        return console_log_path(domain, console_log_dir())
    except exceptions.ConsoleUnavailable:
        return ""
