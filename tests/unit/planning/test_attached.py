# SPDX-License-Identifier: Apache-2.0
"""When a server's devices may change, and which of them may be taken out."""

import dataclasses
from typing import Any

import pytest

from golden.builders import HVM, PV, plan
from nova_xen import exceptions
from nova_xen.domain import Disk, DiskDevice, DiskType, Domain
from nova_xen.model import GuestMode, PowerState, Where
from nova_xen.planning.attached import (
    Documents,
    Found,
    changed_where,
    check_disk_removable,
    check_drive_gone,
    choose_disk,
    choose_interface,
    of_disk,
    of_interface,
    place_of,
    until_when,
)

BOTH = Where(live=True, config=True)
LATER = Where(live=False, config=True)
NOW = Where(live=True, config=False)
NOWHERE = Where(live=False, config=False)
FOLDER = "/var/lib/nova/instances/one"
MAC = "00:16:3e:11:22:33"


def disk(target: str = "xvdb", source: str = "/srv/v", **changes: Any) -> Disk:
    made = Disk(
        type=DiskType.FILE,
        device=DiskDevice.DISK,
        driver_name="qemu",
        driver_type="raw",
        source_file=source,
        target_dev=target,
        target_bus="xen",
    )
    return dataclasses.replace(made, **changes)


def domain(*disks: Disk) -> Domain:
    made = plan(PV).domain
    devices = dataclasses.replace(made.devices, disks=disks)
    return dataclasses.replace(made, devices=devices)


@pytest.mark.parametrize(
    ("state", "where"),
    [
        (PowerState.RUNNING, BOTH),
        (PowerState.STOPPED, LATER),
        (PowerState.CRASHED, LATER),
    ],
)
def test_where_devices_change(state: PowerState, where: Where) -> None:
    assert changed_where("web", state) == where


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        (PowerState.PAUSED, "unpause it or stop it first, since libxl plugs nothing"),
        (PowerState.STOPPING, "wait until it is off"),
        (PowerState.SUSPENDED, "start it first, since its saved memory knows"),
        (PowerState.UNKNOWN, "look at it with 'nova-xen server show' first"),
    ],
)
def test_when_they_do_not(state: PowerState, advice: str) -> None:
    with pytest.raises(exceptions.WrongState) as refused:
        changed_where("web", state)
    assert str(refused.value).startswith(
        "Server web cannot be given or relieved of devices while it is "
        f"{state}; {advice}"
    )


def test_each_state_is_decided() -> None:
    for state in PowerState:
        try:
            assert changed_where("web", state)
        except exceptions.WrongState:
            continue


@pytest.mark.parametrize(
    ("live", "config", "where"),
    [
        ((disk(),), (disk(),), BOTH),
        ((disk(),), (), NOW),
        ((), (disk(),), LATER),
        (None, (disk(),), LATER),
        ((), (), NOWHERE),
        (None, (), NOWHERE),
        ((disk(source="/srv/other"),), (disk(),), LATER),
    ],
)
def test_halves_are_told_apart(
    live: tuple[Disk, ...] | None, config: tuple[Disk, ...], where: Where
) -> None:
    documents = Documents(None if live is None else domain(*live), domain(*config))
    found = documents.find(of_disk("xvdb", "/srv/v"))
    assert found.where == where
    assert bool(found.where) is (found.device is not None)


def test_a_disk_and_an_interface_are_not_each_other() -> None:
    nothing = of_interface(MAC)
    assert not nothing(disk())
    (nic,) = plan(PV, nics=(nic_(),)).domain.devices.interfaces
    assert not of_disk("xvdb")(nic)
    assert nothing(nic)


def nic_() -> Any:
    from golden.builders import nic

    return nic(mac=MAC.upper())


@pytest.mark.parametrize(
    ("named", "paths", "target"),
    [
        ("xvdb", (), "xvdb"),
        ("/dev/xvdb", (), "xvdb"),
        ("/srv/v", ("/srv/v",), "xvdb"),
        ("link", ("/srv/v",), "xvdb"),
        ("/dev/xvdc", ("/dev/xvdc",), "xvdb"),
        ("hda", (), "hda"),
    ],
)
def test_a_disk_is_meant_by_path_or_name(
    named: str, paths: tuple[str, ...], target: str
) -> None:
    """A path that a disk has comes before a name that another has."""
    source = paths[0] if paths else "/srv/v"
    one, other = disk("xvdb", source), disk("xvdc", "/srv/w")
    first = disk("hda", "/srv/first")
    documents = Documents(domain(first), domain(first, one, other))
    found = documents.find(choose_disk("web", documents, named, paths)).device
    assert isinstance(found, Disk)
    assert found.target_dev == target


@pytest.mark.parametrize("named", ["xvdz", "/srv/nothing", "", "/dev/", "xvdb "])
def test_what_is_no_disk_of_it(named: str) -> None:
    documents = Documents(None, domain(disk()))
    with pytest.raises(exceptions.DeviceNotFound, match="Server web has no disk"):
        choose_disk("web", documents, named, ())


def test_an_interface_is_meant_by_its_address() -> None:
    made = plan(PV, nics=(nic_(),)).domain
    documents = Documents(None, made)
    assert documents.find(choose_interface("web", documents, MAC.upper())).where
    with pytest.raises(exceptions.DeviceNotFound, match="no network interface 00:"):
        choose_interface("web", documents, "00:16:3e:00:00:00")


IDE = "libxl takes no disk on the bus ide out of a server that is on; stop it first"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Found(disk(), disk()), None),
        (Found(disk(), None), None),
        (Found(None, disk()), None),
        (Found(None, disk("hdb", target_bus="ide")), None),
        (Found(disk("hdb", target_bus="ide"), disk("hdb", target_bus="ide")), IDE),
        (
            Found(disk("xvdb", f"{FOLDER}/disk.eph0"), disk()),
            "it was made with the server and goes with it",
        ),
        (Found(None, disk("xvdb", f"{FOLDER}/disk.swap")), "it was made with the ser"),
        (Found(disk("xvda"), disk("xvda")), "it is the first disk, from which"),
        (Found(None, disk("hda", target_bus="ide")), "it is the first disk"),
        (
            Found(None, disk("hdc", device=DiskDevice.CDROM, target_bus="ide")),
            "it is a CD drive, whose medium alone can change",
        ),
    ],
)
def test_what_may_be_taken_out(found: Found, why: str | None) -> None:
    if why is None:
        check_disk_removable("web", found, FOLDER)
        return
    with pytest.raises(exceptions.DeviceKept) as kept:
        check_disk_removable("web", found, FOLDER)
    assert why in str(kept.value)


@pytest.mark.parametrize(
    ("target", "place"), [("xvdb", "b"), ("hdb", "b"), ("sdab", "ab"), ("vdb", "vdb")]
)
def test_buses_share_places(target: str, place: str) -> None:
    assert place_of(target) == place


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (NOW, "until it is off"),
        (BOTH, "now and at its next start"),
        (LATER, "at its next start"),
    ],
)
def test_for_how_long_it_stays(where: Where, words: str) -> None:
    assert until_when(where) == words


DRIVES = ("xvdb", "xvdc", "xvdd", "xvdb1", "d1p1", "51728")


@pytest.mark.parametrize("target", [*DRIVES, "xvde", "xvdz", "xvdab", "xvde1"])
@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("mode", list(GuestMode))
def test_emulated_drives_stay_while_the_guest_may_use_them(
    mode: GuestMode, taken: bool, target: str
) -> None:
    if mode is not GuestMode.HVM or taken or target not in DRIVES:
        check_drive_gone("web", mode, disk(target), taken=taken)
        return
    with pytest.raises(exceptions.DeviceKept) as kept:
        check_drive_gone("web", mode, disk(target), taken=taken)
    assert str(kept.value) == (
        f"Server web keeps its disk {target}: the guest may use it through its "
        "emulated drive, which cannot be taken out while it runs; stop the server "
        "first."
    )


def test_an_hvm_guest_has_its_own_disks_on_ide() -> None:
    found = Documents(None, plan(HVM).domain).find(of_disk("hda"))
    with pytest.raises(exceptions.DeviceKept, match="Server web keeps its disk hda"):
        check_disk_removable("web", found, FOLDER)
