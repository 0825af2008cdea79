# SPDX-License-Identifier: Apache-2.0
"""Attacks on Nova hosts that went through images, each made again.

An attack gets a folder and a canary, a file of the host, and returns what the attacker
would have wanted to contain the canary's words: the bytes of a disk, or of a message.
"""

import dataclasses
import os
import pathlib
import subprocess
from collections.abc import Callable

import pytest

from golden.builders import PV, flavor, image, plan
from nova_xen import exceptions
from nova_xen.domain import Devices, Disk, DiskDevice, DiskType
from nova_xen.images import inspect_image, require_files
from nova_xen.images.tools import qemu_img
from nova_xen.model import (
    GIB,
    MIB,
    DiskFormat,
    GuestSetup,
    InjectedFile,
)
from unit.images.hostile import pointing_at, qemu

RAW, QCOW2, VHD = DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VHD
Attack = Callable[[pathlib.Path, pathlib.Path], bytes]


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: what was attacked, how, and what happens here."""

    cve: str
    what: str
    here: str
    attack: Attack


def _refused(path: pathlib.Path, declared: DiskFormat | None) -> bytes:
    """As every import and every disk begins."""
    with pytest.raises(exceptions.ImageRejected) as told:
        inspect_image(str(path), declared)
    return str(told.value).encode()


def _hostile(name: str, canary: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    return next(path for path in pointing_at(canary, folder) if path.name == name)


def _rewritten(canary: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A raw disk whose guest has written the header of an overlay of the canary."""
    header = _hostile("backing", canary, folder).read_bytes()
    disk = folder / "rewritten"
    disk.write_bytes(header.ljust(MIB, b"\0"))
    return disk


def dot_dot(_folder: pathlib.Path, canary: pathlib.Path) -> bytes:
    path = f"/root/../../..{canary}"
    files = (InjectedFile(path=path, content=b"x"),)
    with pytest.raises(exceptions.InvalidRequest) as told:
        plan(PV, setup=GuestSetup(files=files), config_drive=True)
    return str(told.value).encode()


def format_of_a_raw_disk(folder: pathlib.Path, canary: pathlib.Path) -> bytes:
    """Started again, its format is what the document says."""
    disk = _rewritten(canary, folder)
    canary_is_there = canary.rename(canary.with_name("away"))
    device = Disk(
        type=DiskType.FILE,
        device=DiskDevice.DISK,
        driver_name="qemu",
        driver_type="raw",
        source_file=str(disk),
        target_dev="xvda",
        target_bus="xen",
    )
    domain = plan(PV).domain
    one_disk: Devices = dataclasses.replace(domain.devices, disks=(device,))
    system = dataclasses.replace(domain.os, kernel=None)
    # a backing file that is not there would be missed
    require_files(dataclasses.replace(domain, devices=one_disk, os=system), "web1")
    canary_is_there.rename(canary)
    return b""


def larger_than_its_flavor(folder: pathlib.Path, _canary: pathlib.Path) -> bytes:
    path = folder / "large"
    qemu("qcow2", size=64 * GIB)(path)
    size = inspect_image(str(path), QCOW2).virtual_size
    with pytest.raises(exceptions.FlavorTooSmall) as told:
        plan(
            image=image(PV, path=str(path), virtual_size=size),
            flavor=flavor(root_gib=1),
        )
    assert os.listdir(folder) == ["large"]
    return str(told.value).encode()


def copy_of_a_rewritten_disk(folder: pathlib.Path, canary: pathlib.Path) -> bytes:
    """Rescue, snapshot and cold migration copy a raw disk as raw, headers and all."""
    disk = _rewritten(canary, folder)
    target = folder / "copy"
    qemu_img.create(str(target), RAW, MIB, server="web1")
    qemu_img.convert(str(disk), RAW, str(target), RAW, server="web1", size=MIB)
    assert target.read_bytes() == disk.read_bytes()
    return target.read_bytes()[4096:]


def growth_of_a_rewritten_disk(folder: pathlib.Path, canary: pathlib.Path) -> bytes:
    disk = _rewritten(canary, folder)
    before = (disk.read_bytes(), canary.read_bytes())
    qemu_img.resize(str(disk), RAW, 2 * MIB, server="web1")
    assert (disk.read_bytes()[:MIB], canary.read_bytes()) == before
    assert disk.stat().st_size == 2 * MIB
    return b""


def import_with_a_backing_file(folder: pathlib.Path, canary: pathlib.Path) -> bytes:
    names = ("backing", "json", "v2")
    return b"".join(_refused(_hostile(n, canary, folder), QCOW2) for n in names)


def flat_vmdk(folder: pathlib.Path, canary: pathlib.Path) -> bytes:
    path = _hostile("descriptor", canary, folder)
    return b"".join(_refused(path, declared) for declared in (None, *DiskFormat))


def data_file(folder: pathlib.Path, canary: pathlib.Path) -> bytes:
    names = ("data", "both")
    return b"".join(_refused(_hostile(n, canary, folder), QCOW2) for n in names)


def declared_as_another(folder: pathlib.Path, canary: pathlib.Path) -> bytes:
    """What the format that was declared does not show."""
    return b"".join(
        _refused(path, declared)
        for path in pointing_at(canary, folder)
        for declared in (RAW, VHD)
    )


ROWS = [
    Row(
        "CVE-2012-3360",
        "a file to be injected whose path leads out with ``..``",
        "refused before anything is made",
        dot_dot,
    ),
    Row(
        "CVE-2013-1922",
        "a guest writes a qcow2 header onto its raw disk; the format is guessed",
        "the format is recorded once; a raw disk stays raw",
        format_of_a_raw_disk,
    ),
    Row(
        "CVE-2013-2096",
        "a small qcow2 image with a huge disk fills the host",
        "refused by the flavor before anything is written",
        larger_than_its_flavor,
    ),
    Row(
        "CVE-2013-4463",
        "the same where images are cached",
        "the same check, made before the cache",
        larger_than_its_flavor,
    ),
    Row(
        "CVE-2013-4469",
        "the same where copies are not sparse",
        "the same",
        larger_than_its_flavor,
    ),
    Row(
        "CVE-2014-0134",
        "rescue reads a raw disk that has become an overlay",
        "copied as raw, byte for byte",
        copy_of_a_rewritten_disk,
    ),
    Row(
        "CVE-2015-5163",
        "an import converts an image with a backing file",
        "refused by its header",
        import_with_a_backing_file,
    ),
    Row(
        "CVE-2015-7548",
        "a snapshot of a raw disk that has become an overlay",
        "copied as raw, byte for byte",
        copy_of_a_rewritten_disk,
    ),
    Row(
        "CVE-2016-2140",
        "the same when a server is resized or moved",
        "copied as raw, byte for byte",
        copy_of_a_rewritten_disk,
    ),
    Row(
        "CVE-2022-47951",
        "a VMDK descriptor that names a file of the host",
        "refused, however it is declared",
        flat_vmdk,
    ),
    Row(
        "CVE-2024-32498",
        "qcow2 that keeps its data in a file of the host",
        "refused by its header",
        data_file,
    ),
    Row(
        "CVE-2024-40767",
        "the same declared as raw or as another format",
        "refused: the bytes must be what was declared",
        declared_as_another,
    ),
    Row(
        "CVE-2026-24708",
        "a raw disk with a qcow2 header is grown with its format guessed",
        "grown as raw; neither the disk nor the file it names changes",
        growth_of_a_rewritten_disk,
    ),
]


def bare_leak(canary: pathlib.Path, folder: pathlib.Path) -> bytes:
    """What a program gives that guesses formats: the attacks are real."""
    source, target = _rewritten(canary, folder), folder / "leak"
    command = ["qemu-img", "convert", "-O", "raw", str(source), str(target)]
    subprocess.run(command, check=True)
    return target.read_bytes()
