# SPDX-License-Identifier: Apache-2.0
"""What a server has, told of both its documents."""

import dataclasses

from golden.builders import HVM, PV, nic, plan
from nova_xen.domain import DiskDevice
from nova_xen.model import DeviceKind, PluggedDevice, Where
from nova_xen.planning.attached import Documents
from nova_xen.planning.plugged import plugged_devices
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
