# SPDX-License-Identifier: Apache-2.0
"""Disks: bus, name, driver, format, base and size."""

from typing import Any

import pytest

from golden.builders import (
    BY_MODE,
    FOLDER,
    HVM,
    PV,
    PVH,
    flavor,
    host,
    image,
    instance,
    iso,
    options,
    plan,
)
from nova_xen import exceptions
from nova_xen.domain import DiskType
from nova_xen.model import (
    GIB,
    MIB,
    ConfigDriveFormat,
    DiskBus,
    DiskFormat,
    DiskKind,
    GuestMode,
    VhdSubformat,
)
from nova_xen.planning.buses import device_letters, device_name
from nova_xen.planning.context import Context
from nova_xen.planning.formats import disk_driver

RAW, QCOW2, VHD = DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VHD
ALL = flavor(ephemeral_gib=1, swap_mib=64)


def targets(asked: dict[str, str], **changes: Any) -> list[tuple[str, str]]:
    disks = plan(asked, **changes).domain.devices.disks
    return [(disk.target_bus, disk.target_dev) for disk in disks]


@pytest.mark.parametrize("mode", GuestMode)
@pytest.mark.parametrize("bus", [None, "xen", "XEN", "ide", "virtio", "scsi", "usb"])
def test_bus_of_the_root_disk(mode: GuestMode, bus: str | None) -> None:
    asked = {**BY_MODE[mode], **({"hw_disk_bus": bus} if bus else {})}
    possible = ("ide", "xen", "scsi") if mode is GuestMode.HVM else ("xen",)
    if bus is None or bus.lower() in possible:
        chosen = (bus or possible[0]).lower()
        name = {"xen": "xvda", "ide": "hda", "scsi": "sda"}[chosen]
        assert targets(asked) == [(chosen, name)]
        return
    with pytest.raises(exceptions.BusNotPossible) as refused:
        plan(asked)
    assert str(refused.value) == (
        f"Server web1: a {mode} guest cannot have a disk on the bus {bus} (property "
        f"hw_disk_bus); use one of: {', '.join(possible)}."
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (PV, ["xvda", "xvdb", "xvdc", "xvdd"]),
        (HVM, ["hda", "hdb", "hdc", "hdd"]),
        ({**HVM, "hw_disk_bus": "xen"}, ["xvda", "hdb", "xvdc", "xvdd"]),
        ({**HVM, "hw_cdrom_bus": "xen"}, ["hda", "xvdb", "hdc", "hdd"]),
        ({**HVM, "hw_disk_bus": "scsi"}, ["sda", "hdb", "sdc", "sdd"]),
    ],
)
def test_names_never_share_a_place(asked: dict[str, str], expected: list[str]) -> None:
    """On HVM xvda, hda and sda are one place, so mixed buses count on."""
    planned = plan(image=iso(asked), flavor=ALL)
    assert [disk.target_dev for disk in planned.domain.devices.disks] == expected
    assert [file.kind for file in planned.disks] == [
        DiskKind.ROOT,
        DiskKind.CDROM,
        DiskKind.EPHEMERAL,
        DiskKind.SWAP,
    ]


@pytest.mark.parametrize(
    ("asked", "drive_format", "expected"),
    [
        (PV, "iso9660", ("cdrom", "xen", "xvdd", True)),
        (PV, "vfat", ("disk", "xen", "xvdd", False)),
        (PVH, "iso9660", ("disk", "xen", "xvdd", False)),
        (PVH, "vfat", ("disk", "xen", "xvdd", False)),
        (HVM, "iso9660", ("cdrom", "ide", "hdd", True)),
        (HVM, "vfat", ("disk", "ide", "hdd", False)),
        ({**HVM, "hw_disk_bus": "xen"}, "iso9660", ("cdrom", "ide", "hdd", True)),
        ({**HVM, "hw_disk_bus": "xen"}, "vfat", ("disk", "xen", "xvdd", False)),
        ({**HVM, "hw_disk_bus": "scsi"}, "vfat", ("disk", "scsi", "sdd", False)),
        ({**HVM, "hw_cdrom_bus": "xen"}, "iso9660", ("cdrom", "xen", "xvdd", True)),
        ({**HVM, "hw_cdrom_bus": "xen"}, "vfat", ("disk", "ide", "hdd", False)),
    ],
)
def test_the_config_drive_comes_last(
    asked: dict[str, str], drive_format: str, expected: tuple[str, str, str, bool]
) -> None:
    by = options(config_drive_format=ConfigDriveFormat(drive_format))
    made = plan(asked, flavor=ALL, by=by, config_drive=True)
    last = made.domain.devices.disks[-1]
    found = (last.device, last.target_bus, last.target_dev, last.readonly)
    assert found == expected
    assert (last.source, last.driver_type) == (f"{FOLDER}/disk.config", "raw")
    assert DiskKind.CONFIG not in [file.kind for file in made.disks]


@pytest.mark.parametrize(
    ("drive_format", "name"), [("iso9660", "hw_cdrom_bus"), ("vfat", "hw_disk_bus")]
)
def test_a_full_ide_bus_has_no_place_for_it(drive_format: str, name: str) -> None:
    by = options(config_drive_format=ConfigDriveFormat(drive_format))
    with pytest.raises(exceptions.TooManyDisks) as refused:
        plan(image=iso(HVM), flavor=ALL, by=by, config_drive=True)
    assert str(refused.value) == (
        "Server web1: no place for the disk.config, the bus ide takes 4 devices; ask "
        f"for fewer disks or set {name}=xen."
    )
    way_out = iso({**HVM, name: "xen"})
    made = plan(image=way_out, flavor=ALL, by=by, config_drive=True)
    assert made.domain.devices.disks[-1].target_dev == "xvde"


def test_a_cdrom_bus_is_checked_like_a_disks() -> None:
    with pytest.raises(exceptions.BusNotPossible, match="have a cdrom on the bus ide"):
        plan(image=iso({**PV, "hw_cdrom_bus": "ide"}))
    with pytest.raises(exceptions.BusNotPossible, match=r"use one of: ide, xen\."):
        plan(image=iso({**HVM, "hw_cdrom_bus": "scsi"}))


def context(mode: GuestMode) -> Context:
    planned = plan(BY_MODE[mode])
    return Context(planned.instance, None, options(), mode)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bus", "index", "name"),
    [
        (DiskBus.IDE, 0, "hda"),
        (DiskBus.IDE, 3, "hdd"),
        (DiskBus.SCSI, 0, "sda"),
        (DiskBus.SCSI, 6, "sdg"),
        (DiskBus.XEN, 0, "xvda"),
        (DiskBus.XEN, 4, "xvde"),
        (DiskBus.XEN, 25, "xvdz"),
        (DiskBus.XEN, 26, "xvdaa"),
    ],
)
def test_device_name(bus: DiskBus, index: int, name: str) -> None:
    assert device_name(context(GuestMode.HVM), bus, index, "a disk") == name


@pytest.mark.parametrize(("bus", "limit"), [(DiskBus.IDE, 4), (DiskBus.SCSI, 7)])
def test_emulated_buses_are_full_some_time(bus: DiskBus, limit: int) -> None:
    with pytest.raises(exceptions.TooManyDisks) as refused:
        device_name(context(GuestMode.HVM), bus, limit, "the volume")
    assert str(refused.value) == (
        f"Server web1: no place for the volume, the bus {bus} takes {limit} devices; "
        "ask for fewer disks or set hw_disk_bus=xen."
    )


@pytest.mark.parametrize(
    ("index", "letters"),
    [
        (0, "a"),
        (25, "z"),
        (26, "aa"),
        (51, "az"),
        (52, "ba"),
        (701, "zz"),
        (702, "aaa"),
    ],
)
def test_letters_count_as_linux_does(index: int, letters: str) -> None:
    assert device_letters(index) == letters


@pytest.mark.parametrize(
    ("source", "disk_format", "words"),
    [
        (DiskType.FILE, RAW, ("qemu", "raw")),
        (DiskType.FILE, QCOW2, ("qemu", "qcow2")),
        (DiskType.FILE, VHD, ("qemu", "vhd")),
        (DiskType.BLOCK, RAW, ("phy", "raw")),
        (DiskType.BLOCK, QCOW2, ("qemu", "qcow2")),
        (DiskType.BLOCK, VHD, ("qemu", "vhd")),
    ],
)
def test_driver_and_word(
    source: DiskType, disk_format: DiskFormat, words: tuple[str, str]
) -> None:
    assert disk_driver(source, disk_format) == words


@pytest.mark.parametrize(
    ("disk_format", "word"), [(RAW, "raw"), (QCOW2, "qcow2"), (VHD, "vpc")]
)
def test_qemu_img_has_its_own_word_for_vhd(disk_format: DiskFormat, word: str) -> None:
    assert disk_format.qemu_img == word


#: (images_type, use_cow_images, the image's format) -> format, overlay
FORMATS = {
    ("default", True, RAW): (QCOW2, True),
    ("default", True, QCOW2): (QCOW2, True),
    ("default", True, VHD): (VHD, False),
    ("default", False, RAW): (RAW, False),
    ("default", False, QCOW2): (QCOW2, False),
    ("default", False, VHD): (VHD, False),
    ("raw", True, RAW): (RAW, False),
    ("raw", True, QCOW2): (RAW, False),
    ("raw", False, VHD): (RAW, False),
    ("flat", True, QCOW2): (RAW, False),
    ("qcow2", False, RAW): (QCOW2, True),
    ("qcow2", False, QCOW2): (QCOW2, True),
    ("qcow2", True, VHD): (QCOW2, True),
}


@pytest.mark.parametrize(("chosen", "expected"), FORMATS.items())
def test_root_format(
    chosen: tuple[str, bool, DiskFormat], expected: tuple[DiskFormat, bool]
) -> None:
    images_type, cow, disk_format = chosen
    planned = plan(
        image=image(PV, disk_format=disk_format),
        flavor=ALL,
        by=options(images_type=images_type, use_cow_images=cow),
    )
    root, *empty = planned.disks
    assert (root.format, root.overlay) == expected
    assert (root.base, root.base_format) == ("/srv/images/debian.qcow2", disk_format)
    assert {(disk.format, disk.base, disk.overlay) for disk in empty} == {
        (QCOW2 if root.format is QCOW2 else RAW, None, False)
    }
    words = [disk.driver_type for disk in planned.domain.devices.disks]
    assert words == [disk.format for disk in planned.disks]


@pytest.mark.parametrize(
    ("cow", "expected", "why"),
    [
        (True, (QCOW2, True), "the option use_cow_images: a qcow2 overlay"),
        (False, (RAW, False), "this host's QEMU was built without vhd: converted"),
    ],
)
def test_a_format_that_the_host_does_not_serve_is_converted(
    cow: bool, expected: tuple[DiskFormat, bool], why: str
) -> None:
    planned = plan(
        image=image(PV, disk_format=VHD),
        by=options(use_cow_images=cow),
        on=host(unserved_formats=frozenset({VHD})),
    )
    (root,) = planned.disks
    assert (root.format, root.overlay, root.base_format) == (*expected, VHD)
    assert [each.why for each in planned.reasons if each.element == "disk/format"] == [
        why
    ]


def test_files_and_sizes() -> None:
    planned = plan(PV, flavor=flavor(root_gib=5, ephemeral_gib=7, swap_mib=64))
    assert {disk.path: disk.size for disk in planned.disks} == {
        f"{FOLDER}/disk": 5 * GIB,
        f"{FOLDER}/disk.eph0": 7 * GIB,
        f"{FOLDER}/disk.swap": 64 * MIB,
    }


def test_a_disc_is_read_as_it_is() -> None:
    planned = plan(image=iso(HVM), flavor=flavor(root_gib=0))
    (disc,) = planned.disks
    assert (disc.kind, disc.format, disc.overlay) == (DiskKind.CDROM, RAW, False)
    assert disc.base == "/srv/images/install.iso"
    (device,) = planned.domain.devices.disks
    assert device.readonly
    assert device.device == "cdrom"


#: reasons are read by people, so they are pinned like everything else
REASONS = [
    (image(), 4, "disk/format", "qcow2", "the option use_cow_images: a qcow2 overlay"),
    (
        image(disk_format=VHD),
        4,
        "disk/format",
        "vhd",
        "a copy of the image, in",
    ),
    (iso(HVM), 4, "disk/format", "qcow2", "empty, it grows as it fills"),
    (iso(HVM), 4, "disk.iso/format", "raw", "an ISO is read as it is"),
    (iso(HVM), 0, "disk.iso/format", "raw", "an ISO is read as it is"),
    (iso(HVM), 4, "disk.iso/size", str(700 * MIB), "the image's own size"),
    (image(), 4, "disk/size", str(4 * GIB), "the flavor's disk of 4 GiB"),
    (image(), 0, "disk/size", str(2 * GIB), "the image's own size, since the flavor"),
    (image(min_disk=3), 0, "disk/size", str(3 * GIB), "the image's min_disk, since"),
]


@pytest.mark.parametrize(("made_from", "root_gib", "element", "choice", "why"), REASONS)
def test_reasons(
    made_from: Any, root_gib: int, element: str, choice: str, why: str
) -> None:
    reasons = plan(image=made_from, flavor=flavor(root_gib=root_gib)).reasons
    found = [each for each in reasons if each.element == element]
    assert [each.choice for each in found] == [choice]
    assert found[0].why.startswith(why)


def test_the_instance_is_kept_in_the_plan() -> None:
    assert plan(PV).instance == instance(PV)


@pytest.mark.parametrize(
    ("fmt", "force_raw", "kept"),
    [
        (RAW, True, RAW),
        (RAW, False, RAW),
        (QCOW2, True, RAW),
        (QCOW2, False, QCOW2),
        (VHD, True, RAW),
        (VHD, False, QCOW2),
    ],
)
def test_what_a_base_is_kept_as(
    fmt: DiskFormat, force_raw: bool, kept: DiskFormat
) -> None:
    chosen = options(images_type="qcow2", force_raw_images=force_raw)
    root = plan(PV, image=image(disk_format=fmt), by=chosen).disks[0]
    assert (root.overlay, root.cache_format) == (True, kept)


@pytest.mark.parametrize("preallocate", [False, True])
def test_all_disks_take_their_space_or_none(preallocate: bool) -> None:
    chosen = options(preallocate=preallocate)
    disks = plan(PV, flavor=ALL, by=chosen).disks
    assert [disk.preallocate for disk in disks] == [preallocate] * 3


@pytest.mark.parametrize("subformat", VhdSubformat)
def test_the_kind_of_vhd(subformat: VhdSubformat) -> None:
    chosen = options(vhd_subformat=subformat)
    root = plan(PV, image=image(disk_format=VHD), by=chosen).disks[0]
    assert (root.format, root.vhd_subformat) == (VHD, subformat)
