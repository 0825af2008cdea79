# SPDX-License-Identifier: Apache-2.0
"""Dumps of libvirt 9.0.0 on Xen 4.17: more stands in them than was ever written."""

import pathlib
from typing import Any

import pytest

from nova_xen.domain import (
    BootDevice,
    Clock,
    Console,
    Devices,
    Disk,
    DiskDevice,
    DiskType,
    Domain,
    Features,
    Graphics,
    Input,
    Interface,
    Memballoon,
    Os,
    OsType,
    Video,
    format_domain,
    parse_domain,
)
from nova_xen.model import GuestMode
from nova_xen.rules import mode_of

DATA = pathlib.Path(__file__).parent / "data"
ACTIONS: dict[str, Any] = {
    "on_poweroff": "destroy",
    "on_reboot": "restart",
    "on_crash": "destroy",
}
GUEST = "/var/lib/xen/guest"


def dump(name: str) -> Domain:
    return parse_domain((DATA / f"{name}.xml").read_text("utf-8"))


def disk(path: str, target: str, driver_type: str = "raw") -> Disk:
    return Disk(
        type=DiskType.FILE,
        device=DiskDevice.DISK,
        driver_name="qemu",
        driver_type=driver_type,
        source_file=path,
        target_dev=target,
        target_bus="xen",
    )


def console(tty: str) -> Console:
    return Console(type="pty", source_path=tty, target_type="xen", target_port=0)


def pointers(bus: str) -> tuple[Input, ...]:
    return (Input(type="mouse", bus=bus), Input(type="keyboard", bus=bus))


PV = Domain(
    name="pvg1",
    uuid="09b6f9cd-7531-429f-b387-fed221e7cd9f",
    memory=196608,
    current_memory=196608,
    vcpus=1,
    os=Os(
        type=OsType.LINUX,
        arch="x86_64",
        kernel="/usr/lib/grub-xen/grub-x86_64-xen.bin",
    ),
    clock=Clock(offset="utc"),
    devices=Devices(
        disks=(disk("/srv/guests/pvg1.raw", "xvda"),),
        interfaces=(
            Interface(mac="00:16:3e:00:00:31", bridge="br0", target_dev="vif2.0"),
        ),
        consoles=(console("/dev/pts/1"),),
        inputs=pointers("xen"),
        memballoon=Memballoon(),
    ),
    **ACTIONS,
)
PVH = Domain(
    name="mpvh",
    uuid="aaaaaaaa-0000-4000-8000-000000000008",
    memory=262144,
    current_memory=196608,
    vcpus=2,
    os=Os(
        type=OsType.XENPVH,
        arch="x86_64",
        kernel=f"{GUEST}/vmlinuz",
        initrd=f"{GUEST}/initrd.guest",
        cmdline="console=hvc0 quiet mitigations=off",
    ),
    clock=Clock(offset="utc"),
    devices=Devices(
        interfaces=(
            Interface(mac="00:16:3e:00:00:08", bridge="br0", target_dev="vif3.0"),
        ),
        consoles=(console("/dev/pts/1"),),
        inputs=pointers("xen"),
        memballoon=Memballoon(),
    ),
    **ACTIONS,
)
HVM = Domain(
    name="hvm1",
    uuid="aaaaaaaa-0000-4000-8000-000000000003",
    memory=262144,
    current_memory=196608,
    vcpus=2,
    os=Os(
        type=OsType.HVM,
        arch="x86_64",
        machine="xenfv",
        kernel=f"{GUEST}/vmlinuz",
        initrd=f"{GUEST}/initrd.guest",
        cmdline="console=hvc0 quiet mitigations=off tsc=reliable mitigations=off",
        boot=(BootDevice.DISK,),
    ),
    features=Features(pae=True, acpi=True, apic=True),
    clock=Clock(offset="utc"),
    devices=Devices(
        disks=(
            disk(f"{GUEST}/d3.qcow2", "xvda", "qcow2"),
            disk(f"{GUEST}/d3.raw", "xvdb"),
        ),
        interfaces=(
            Interface(mac="00:16:3e:00:00:03", bridge="br0", target_dev="vif5.0-emu"),
        ),
        consoles=(console("/dev/pts/0"),),
        inputs=pointers("ps2"),
        graphics=(Graphics(port=5900, autoport=True, listen="0.0.0.0"),),  # noqa: S104
        videos=(Video(model="cirrus", vram=8192),),
        memballoon=Memballoon(),
    ),
    **ACTIONS,
)
DOMAIN_0 = Domain(
    name="Domain-0",
    uuid="00000000-0000-0000-0000-000000000000",
    memory=1572864,
    current_memory=1572864,
    vcpus=1,
    os=Os(type=OsType.LINUX),
    clock=Clock(offset="utc"),
    devices=Devices(),
    **{**ACTIONS, "on_reboot": "destroy"},
)
DUMPS = [
    ("pv-running", PV, GuestMode.PV),
    ("pvh-running", PVH, GuestMode.PVH),
    ("hvm-running", HVM, GuestMode.HVM),
    ("dom0", DOMAIN_0, GuestMode.PV),
]


@pytest.mark.parametrize(("name", "domain", "mode"), DUMPS)
def test_dump_is_read(name: str, domain: Domain, mode: GuestMode) -> None:
    assert dump(name) == domain
    assert mode_of(domain) is mode


@pytest.mark.parametrize("name", [name for name, _domain, _mode in DUMPS])
def test_what_was_read_is_kept_when_written_again(name: str) -> None:
    assert parse_domain(format_domain(dump(name))) == dump(name)


LITTER = {
    "<controller type='xenbus' index='0'/>": (
        "<controller type='xenbus' index='0'><alias name='xenbus0'/></controller>"
    ),
    "<target dev='xvda' bus='xen'/>": (
        "<backingStore/><target dev='xvda' bus='xen'/><alias name='disk0'/>"
        "<address type='drive' controller='0' bus='0' target='0' unit='0'/>"
    ),
    "<target dev='vif5.0-emu'/>": "<target dev='vif5.0-emu'/><alias name='net0'/>",
    "</devices>": "</devices><seclabel type='none' model='none'/>",
    "<memory unit='KiB'>": "<description>mine</description><memory unit='KiB'>",
}


def test_what_libvirt_adds_disturbs_nothing() -> None:
    text = (DATA / "hvm-running.xml").read_text("utf-8")
    for wanted, added in LITTER.items():
        text = text.replace(wanted, added)
    for added in ("alias", "address type='drive'", "seclabel", "<listen ", "id='5'"):
        assert added in text
    assert parse_domain(text) == HVM
