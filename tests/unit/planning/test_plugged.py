# SPDX-License-Identifier: Apache-2.0
"""What a server has, told of both its documents."""

import dataclasses

import pytest

from golden.builders import HVM, PV, nic, plan
from nova_xen import exceptions
from nova_xen.domain import Disk, DiskDevice, Domain
from nova_xen.model import DeviceKind, PluggedDevice, Where
from nova_xen.planning.attached import Documents
from nova_xen.planning.plugged import check_alike, plugged_devices
from unit.planning.test_attached import BOTH, LATER, MAC, NOW, disk, domain


def told(documents: Documents) -> list[tuple[str, str, Where]]:
    found = plugged_devices(documents)
    return [(each.device, each.source, each.where) for each in found]


def test_halves_and_wholes() -> None:
    a, b, c = disk("xvda", "/a"), disk("xvdb", "/b"), disk("xvdc", "/c")
    assert told(Documents(domain(a, c), domain(a, b))) == [
        ("xvda", "/a", BOTH),
        ("xvdc", "/c", NOW),
        ("xvdb", "/b", LATER),
    ]
    assert told(Documents(None, domain(b))) == [("xvdb", "/b", LATER)]


def test_a_drive_with_another_medium_next_time() -> None:
    full = disk("hdc", "/a.iso", device=DiskDevice.CDROM, target_bus="ide")
    empty = dataclasses.replace(full, source_file=None)
    assert told(Documents(domain(full), domain(empty))) == [
        ("hdc", "/a.iso", NOW),
        ("hdc", "", LATER),
    ]


def test_what_is_told_of_each() -> None:
    server = plan(PV, nics=(nic(mac=MAC),)).domain
    first, card = plugged_devices(Documents(server, server))
    assert card == PluggedDevice(
        kind=DeviceKind.NETWORK, device=MAC, source="br0", type="netfront", where=BOTH
    )
    assert first == PluggedDevice(
        kind=DeviceKind.DISK,
        device="xvda",
        source=server.devices.disks[0].source or "",
        type="qcow2",
        bus="xen",
        address="vbd-51712",
        where=BOTH,
    )


def test_emulated_disks_have_no_place_on_xens_bus() -> None:
    (first,) = plugged_devices(Documents(None, plan(HVM).domain))
    assert (first.device, first.bus, first.address) == ("hda", "ide", "")


def test_names_that_libxl_does_not_number() -> None:
    (first,) = plugged_devices(Documents(None, domain(disk("xvda1"))))
    assert first.address == ""


def cdrom(source: str | None) -> Disk:
    made = disk("hdc", target_bus="ide", device=DiskDevice.CDROM)
    return dataclasses.replace(made, source_file=source)


ONE, OTHER = disk("xvda", "/a"), disk("xvdb", "/b")
WITH_NIC = plan(PV, nics=(nic(mac=MAC),)).domain
NO_NIC = plan(PV).domain


@pytest.mark.parametrize(
    "documents",
    [
        Documents(domain(ONE, OTHER), domain(OTHER, ONE)),
        Documents(WITH_NIC, WITH_NIC),
        Documents(domain(cdrom(None)), domain(cdrom(None))),
        Documents(None, domain(ONE)),
    ],
)
def test_what_may_be_suspended(documents: Documents) -> None:
    check_alike("web", documents)


@pytest.mark.parametrize(
    ("live", "config", "words"),
    [
        (
            domain(ONE, OTHER),
            domain(ONE),
            "with its disk xvdb, which its next start has not; remove it first "
            "('nova-xen server remove volume web xvdb'), or add it to the next start "
            "too ('virsh attach-device --config').",
        ),
        (
            domain(ONE),
            domain(ONE, OTHER),
            "without its disk xvdb, which its next start has; remove it first "
            "('nova-xen server remove volume web xvdb'), or stop the server and start "
            "it with it.",
        ),
        (
            domain(ONE),
            domain(disk("xvda", "/other")),
            "with its disk xvda, which its next start has not; remove it first ",
        ),
        (
            WITH_NIC,
            NO_NIC,
            f"with its network interface {MAC}, which its next start has not; remove "
            f"it first ('nova-xen server remove network web {MAC}'), or add ",
        ),
        (
            domain(cdrom("/a.iso")),
            domain(cdrom(None)),
            "with its CD drive hdc holding /a.iso, which its next start has not; "
            "change its medium first ('nova-xen server change cdrom web').",
        ),
        (
            domain(cdrom(None)),
            domain(cdrom("/a.iso")),
            "with its CD drive hdc empty, which its next start has not; change ",
        ),
    ],
)
def test_what_is_not_suspended(live: Domain, config: Domain, words: str) -> None:
    with pytest.raises(exceptions.WrongState) as refused:
        check_alike("web", Documents(live, config))
    begin = "Server web cannot be suspended while it is running "
    assert str(refused.value).startswith(begin + words)
