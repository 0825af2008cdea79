# SPDX-License-Identifier: Apache-2.0
"""Volumes: whose they are already, and which disk becomes of one."""

import dataclasses
from typing import Any

import pytest

from golden.builders import BY_MODE, plan
from nova_xen import exceptions, rules
from nova_xen.model import (
    DiskFormat,
    DiskUse,
    GuestMode,
    Volume,
    VolumeRequest,
)
from nova_xen.planning.attached import Documents
from nova_xen.planning.volumes import (
    MOST,
    check_place,
    check_volume,
    plan_volume,
)
from unit.planning.test_attached import disk, domain

OWN, OTHER = "uuid-own", "uuid-other"
FILE = Volume(path="/srv/v", real_path="/srv/v", identity="file 1:2")
BLOCK = Volume(
    path="/dev/vg/v", real_path="/dev/dm-1", identity="block 8:1", block=True
)


def request(volume: Volume = FILE, **changes: Any) -> VolumeRequest:
    return dataclasses.replace(VolumeRequest(path=volume.path), **changes)


def use(volume: Volume = FILE, **changes: Any) -> DiskUse:
    made = DiskUse(
        server="db",
        uuid=OTHER,
        target="xvdc",
        path=volume.path,
        identity=volume.identity,
        readonly=False,
        now=True,
    )
    return dataclasses.replace(made, **changes)


def refusal(volume: Volume, asked: VolumeRequest, *uses: DiskUse) -> str | None:
    try:
        check_volume("web", OWN, volume, asked, uses)
    except exceptions.VolumeRefused as error:
        start = f"Server web cannot have the volume {volume.path}: "
        sentence = str(error)
        return sentence.removeprefix(start) if sentence.startswith(start) else sentence
    return None


WRITE, READ = request(BLOCK), request(BLOCK, readonly=True)
OTHER_FILE = {"path": "/srv/other", "identity": "file 1:3"}


@pytest.mark.parametrize(
    ("asked", "used", "words"),
    [
        # another server
        (WRITE, {}, "server db has it as xvdc, and two that have it would spoil it"),
        (WRITE, {"readonly": True}, "two that have it would spoil it"),
        (READ, {}, "server db has it as xvdc and can write to it"),
        (READ, {"readonly": True}, None),
        # by another name, or when it is not there under the first
        (WRITE, {"path": "/dev/dm-1"}, "server db has it"),
        (WRITE, {"identity": None}, "server db has it"),
        (WRITE, OTHER_FILE, None),
        # what overlays lie upon
        (WRITE, {"below": True}, "the disk xvdc of server db lies upon it"),
        (READ, {"below": True}, None),
        (WRITE, {"below": True, "uuid": OWN}, "lies upon it"),
        # this server
        (WRITE, {"uuid": OWN}, "it has it already until it is off, as xvdc; remove it"),
        (READ, {"uuid": OWN, "readonly": True}, "it has it already"),
        (
            WRITE,
            {"uuid": OWN, "now": False},
            "it has it already from its next start on, as xvdc",
        ),
    ],
)
def test_a_volume_has_one_writer(
    asked: VolumeRequest, used: dict[str, Any], words: str | None
) -> None:
    found = refusal(BLOCK, asked, use(BLOCK, **used))
    assert found is None if words is None else found is not None and words in found


def test_one_in_both_documents_is_told_without_a_when() -> None:
    both = [use(uuid=OWN, now=now) for now in (True, False)]
    assert (
        refusal(FILE, request(), *both)
        == "it has it already, as xvdc; remove it first."
    )


def test_all_uses_are_looked_at() -> None:
    uses = (use(BLOCK, readonly=True), use(BLOCK, server="third"))
    assert "server third has it" in (refusal(BLOCK, READ, *uses) or "")


def test_a_file_cannot_be_read_only() -> None:
    told = refusal(FILE, request(readonly=True))
    assert told is not None
    assert "losetup --read-only" in told
    assert refusal(BLOCK, READ) is None


@pytest.mark.parametrize(
    "path", ["/srv/a,format=raw", "/srv/a\nb", "/srv/a\x00", "/srv/\ud800", "/srv/\x85"]
)
def test_paths_that_qemu_or_xml_would_take_for_something_else(path: str) -> None:
    volume = dataclasses.replace(FILE, path=path)
    with pytest.raises(exceptions.VolumeRefused, match="a comma or a control char"):
        check_volume("web", OWN, volume, request(volume), ())


@pytest.mark.parametrize(
    ("real_path", "refused"),
    [
        ("/instances/uuid/disk", True),
        ("/real/instances/_base/x.raw", True),
        ("/instances", True),
        ("/instances2/v", False),
        ("/srv/instances/v", False),
    ],
)
def test_what_lies_with_the_servers_is_theirs(real_path: str, refused: bool) -> None:
    volume = dataclasses.replace(FILE, real_path=real_path)
    if not refused:
        check_place("web", volume, "/instances", "/real/instances/")
        return
    with pytest.raises(exceptions.VolumeRefused, match="it lies in /instances, where"):
        check_place("web", volume, "/instances", "/real/instances/")


def target(
    mode: GuestMode = GuestMode.PV,
    live: tuple[str, ...] | None = ("xvda",),
    config: tuple[str, ...] = ("xvda",),
    volume: Volume = FILE,
    **changes: Any,
) -> str:
    def of(names: tuple[str, ...]) -> Any:
        return domain(*(disk(name, f"/srv/{name}") for name in names))

    documents = Documents(None if live is None else of(live), of(config))
    asked = request(volume, **changes)
    made = plan_volume("web", mode, documents, volume, DiskFormat.RAW, asked)
    return made.target_dev


@pytest.mark.parametrize(
    ("live", "config", "expected"),
    [
        (("xvda",), ("xvda",), "xvdb"),
        (None, ("xvda",), "xvdb"),
        (("xvda", "xvdb"), ("xvda",), "xvdc"),
        (("xvda",), ("xvda", "xvdb"), "xvdc"),
        (("xvda", "xvdc"), ("xvda", "xvdd"), "xvdb"),
        (("hda", "hdb"), ("hda", "hdb"), "xvdc"),
        (("sda",), ("sda", "hdb"), "xvdc"),
        (None, (), "xvda"),
    ],
)
def test_the_next_free_place_of_both_documents(
    live: tuple[str, ...] | None, config: tuple[str, ...], expected: str
) -> None:
    assert target(live=live, config=config) == expected


def test_after_z_come_two_letters() -> None:
    taken = tuple(f"xvd{chr(letter)}" for letter in range(ord("a"), ord("z") + 1))
    assert target(live=None, config=taken) == "xvdaa"


def test_no_place_is_free() -> None:
    from nova_xen.planning.buses import device_letters

    taken = tuple("xvd" + device_letters(index) for index in range(MOST))
    assert taken[-1] == "xvdzz"
    with pytest.raises(exceptions.VolumeRefused, match="all 702 places"):
        target(live=None, config=taken)


@pytest.mark.parametrize(
    ("mode", "readonly", "expected"),
    [
        (GuestMode.PV, True, "xvdb"),
        (GuestMode.PVH, True, "xvdb"),
        (GuestMode.HVM, True, "xvde"),
        (GuestMode.HVM, False, "xvdb"),
    ],
)
def test_an_emulated_place_is_writable(
    mode: GuestMode, readonly: bool, expected: str
) -> None:
    assert target(mode, volume=BLOCK, readonly=readonly) == expected


@pytest.mark.parametrize("given", ["xvdf", "/dev/xvdf"])
def test_a_place_that_is_asked_for(given: str) -> None:
    assert target(target=given) == "xvdf"


@pytest.mark.parametrize(
    ("given", "changes", "words"),
    [
        ("vdb", {}, "'vdb' is no name of a disk on Xen's bus"),
        ("hdb", {}, "'hdb' is no name"),
        ("xvd", {}, "'xvd' is no name"),
        ("xvdB", {}, "'xvdB' is no name"),
        ("xvdaaa", {}, "'xvdaaa' is no name"),
        ("xvdb1", {}, "'xvdb1' is no name"),
        ("xvdb\n", {}, "is no name"),
        ("", {}, "'' is no name"),
        ("xvda", {}, "its disk xvda is in the place of xvda"),
        ("xvdb", {"config": ("xvda", "hdb")}, "its disk hdb is in the place of xvdb"),
        (
            "xvdd",
            {"mode": GuestMode.HVM, "volume": BLOCK, "readonly": True},
            "a read-only disk of an HVM guest cannot be xvdd, which is emulated",
        ),
    ],
)
def test_places_that_cannot_be(given: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(exceptions.VolumeRefused) as refused:
        target(target=given, **changes)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("volume", "disk_format", "driver"),
    [
        (FILE, DiskFormat.RAW, "qemu"),
        (FILE, DiskFormat.QCOW2, "qemu"),
        (FILE, DiskFormat.VHD, "qemu"),
        (BLOCK, DiskFormat.RAW, "phy"),
    ],
)
@pytest.mark.parametrize("mode", GuestMode)
@pytest.mark.parametrize("readonly", [False, True])
def test_every_disk_keeps_the_rules(
    volume: Volume,
    disk_format: DiskFormat,
    driver: str,
    mode: GuestMode,
    readonly: bool,
) -> None:
    server = plan(BY_MODE[mode]).domain
    documents = Documents(server, server)
    asked = request(volume, readonly=readonly)
    made = plan_volume("web", mode, documents, volume, disk_format, asked)
    assert (made.source, made.driver_name) == (volume.path, driver)
    assert made.driver_type == disk_format
    devices = dataclasses.replace(server.devices, disks=(*server.devices.disks, made))
    rules.check(dataclasses.replace(server, devices=devices))
