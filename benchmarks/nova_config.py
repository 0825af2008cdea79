# SPDX-License-Identifier: Apache-2.0
"""The same guest in Nova's own objects; runs where Nova is installed alone."""

import calendar
import functools
import time
import types
from collections.abc import Iterator
from typing import Any

from nova.virt.libvirt import config

from nova_xen.domain import Devices, Disk, Domain, Interface, NovaInstance


def nova_guest(domain: Domain) -> Any:
    """A LibvirtConfigGuest with what ``domain`` has, as far as Nova knows it."""
    guest = config.LibvirtConfigGuest()
    guest.virt_type = domain.type
    guest.name = domain.name
    guest.uuid = domain.uuid
    guest.memory = domain.memory
    guest.vcpus = domain.vcpus
    if domain.shares is not None:
        guest.cputune = config.LibvirtConfigGuestCPUTune()
        guest.cputune.shares = domain.shares
    if domain.instance is not None:
        guest.metadata.append(_metadata(domain.instance))
    _set_boot(guest, domain)
    guest.features = list(_features(domain))
    if domain.clock is not None:
        guest.clock = config.LibvirtConfigGuestClock()
        guest.clock.offset = domain.clock.offset
    guest.devices = list(_devices(domain.devices))
    return guest


def _set_boot(guest: Any, domain: Domain) -> None:
    guest.os_type = domain.os.type.value
    guest.os_arch = domain.os.arch
    guest.os_mach_type = domain.os.machine
    guest.os_loader = domain.os.loader
    guest.os_loader_type = domain.os.loader_type
    guest.os_loader_readonly = domain.os.loader_readonly
    guest.os_kernel = domain.os.kernel
    guest.os_initrd = domain.os.initrd
    guest.os_cmdline = domain.os.cmdline
    guest.os_boot_dev = [each.value for each in domain.os.boot]


def _features(domain: Domain) -> Iterator[Any]:
    if domain.features is None:
        return
    if domain.features.pae:
        yield config.LibvirtConfigGuestFeature("pae")
    if domain.features.acpi:
        yield config.LibvirtConfigGuestFeatureACPI()
    if domain.features.apic:
        yield config.LibvirtConfigGuestFeatureAPIC()


def _devices(devices: Devices) -> Iterator[Any]:
    yield from map(_disk, devices.disks)
    yield from map(_interface, devices.interfaces)
    for serial in devices.serials:
        yield _with(
            config.LibvirtConfigGuestSerial(),
            type=serial.type,
            source_path=serial.source_path,
            target_port=serial.target_port,
        )
    for console in devices.consoles:
        yield _with(
            config.LibvirtConfigGuestConsole(),
            type=console.type,
            target_type=console.target_type,
            target_port=console.target_port,
        )
    for each in devices.inputs:
        made = config.LibvirtConfigGuestInput()
        yield _with(made, type=each.type, bus=each.bus)
    for screen in devices.graphics:
        made = config.LibvirtConfigGuestGraphics()
        autoport = bool(screen.autoport)
        yield _with(made, type=screen.type, autoport=autoport, listen=screen.listen)
    for video in devices.videos:
        made = config.LibvirtConfigGuestVideo()
        yield _with(made, type=video.model, vram=video.vram)
    if devices.memballoon is not None:
        made = config.LibvirtConfigMemoryBalloon()
        yield _with(made, model=devices.memballoon.model)


def _with(made: Any, **fields: Any) -> Any:
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _disk(disk: Disk) -> Any:
    return _with(
        config.LibvirtConfigGuestDisk(),
        source_type=disk.type.value,
        source_device=disk.device.value,
        driver_name=disk.driver_name,
        driver_format=disk.driver_type,
        source_path=disk.source,
        target_dev=disk.target_dev,
        target_bus=disk.target_bus,
        readonly=disk.readonly,
    )


def _interface(interface: Interface) -> Any:
    return _with(
        config.LibvirtConfigGuestInterface(),
        net_type=interface.type,
        mac_addr=interface.mac,
        source_dev=interface.bridge,
        model=interface.model,
        mtu=interface.mtu,
        script=interface.script,
        target_dev=interface.target_dev,
    )


def _metadata(instance: NovaInstance) -> Any:
    flavor, image = instance.flavor, instance.image
    return _with(
        config.LibvirtConfigGuestMetaNovaInstance(),
        package=instance.package,
        name=instance.name,
        creationTime=_seconds(instance.creation_time),
        flavor=_with(
            config.LibvirtConfigGuestMetaNovaFlavor(),
            name=flavor.name,
            id="1",
            memory=flavor.memory,
            disk=flavor.disk,
            swap=flavor.swap,
            ephemeral=flavor.ephemeral,
            vcpus=flavor.vcpus,
            extra_specs={each.name: each.value for each in flavor.extra_specs},
        ),
        image=_with(
            config.LibvirtConfigGuestMetaImage(),
            uuid=image.uuid,
            image_meta=types.SimpleNamespace(
                container_format=None,
                disk_format=image.disk_format,
                min_disk=image.min_disk,
                min_ram=image.min_ram,
                properties={each.name: each.value for each in image.properties},
            ),
        ),
    )


@functools.cache
def _seconds(utc: str) -> int:
    """Nova keeps the time of creation as seconds; cached, for it would count here."""
    return calendar.timegm(time.strptime(utc, "%Y-%m-%d %H:%M:%S"))
