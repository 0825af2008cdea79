# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import subprocess
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.domain import Devices, Disk, DiskDevice, DiskType, Domain, Os, OsType
from nova_xen.images import require_files
from nova_xen.images.tools import qemu_img
from nova_xen.model import MIB, DiskFormat


def _domain(
    disk: pathlib.Path | str | None = None,
    fmt: str = "raw",
    kernel: pathlib.Path | None = None,
    initrd: pathlib.Path | None = None,
) -> Domain:
    return Domain(
        name="alice",
        uuid="5a35d2b6-7b0b-4f6d-8b33-2f9c2a9a6d11",
        memory=1024,
        vcpus=1,
        os=Os(
            type=OsType.XEN,
            kernel=None if kernel is None else str(kernel),
            initrd=None if initrd is None else str(initrd),
        ),
        devices=Devices(
            disks=(
                Disk(
                    type=DiskType.FILE,
                    device=DiskDevice.DISK,
                    driver_name="qemu",
                    driver_type=fmt,
                    source_file=None if disk is None else str(disk),
                    target_dev="xvda",
                    target_bus="xen",
                ),
            )
        ),
    )


def _overlay(
    path: pathlib.Path, base: pathlib.Path, fmt: DiskFormat = DiskFormat.RAW
) -> None:
    qemu_img.create(
        str(path),
        DiskFormat.QCOW2,
        MIB,
        server="a",
        backing=str(base),
        backing_fmt=fmt,
    )


@pytest.fixture
def raw(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "base.raw"
    path.write_bytes(bytes(MIB))
    return path


def test_all_there(tmp_path: pathlib.Path, raw: pathlib.Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    _overlay(one, raw)
    _overlay(two, one, DiskFormat.QCOW2)
    for disk, fmt in ((raw, "raw"), (one, "qcow2"), (two, "qcow2"), (raw, "vhd")):
        require_files(_domain(disk, fmt, raw, raw), "alice")
    require_files(_domain(None), "alice")


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ("disk", "disk"),
        ("kernel", "kernel"),
        ("initrd", "ramdisk"),
    ],
)
@pytest.mark.parametrize(
    "make",
    [
        lambda path: None,
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path),
    ],
)
def test_one_is_missing(
    tmp_path: pathlib.Path,
    raw: pathlib.Path,
    broken: str,
    what: str,
    make: Callable[[pathlib.Path], None],
) -> None:
    path = tmp_path / "broken"
    make(path)
    files = dict.fromkeys(("disk", "kernel", "initrd"), raw) | {broken: path}
    domain = _domain(files["disk"], kernel=files["kernel"], initrd=files["initrd"])
    with pytest.raises(exceptions.FileMissing) as caught:
        require_files(domain, "alice")
    assert str(caught.value) == (
        f"Server alice: {what} {path} does not exist or cannot be read, and Xen would "
        "not notice; restore the file."
    )


@pytest.mark.parametrize("deep", [False, True])
def test_a_backing_file_is_missing(
    tmp_path: pathlib.Path, raw: pathlib.Path, deep: bool
) -> None:
    top = tmp_path / "one"
    _overlay(top, raw)
    if deep:
        below, top = top, tmp_path / "two"
        _overlay(top, below, DiskFormat.QCOW2)
    raw.unlink()
    with pytest.raises(
        exceptions.FileMissing, match=f"the backing file of a disk {raw} does not exist"
    ):
        require_files(_domain(top, "qcow2"), "alice")


def test_a_raw_disk_with_the_header_of_an_overlay_is_data(
    tmp_path: pathlib.Path, raw: pathlib.Path
) -> None:
    """A guest may write what it likes on its raw disk."""
    top = tmp_path / "one"
    _overlay(top, raw)
    raw.unlink()
    require_files(_domain(top, "raw"), "alice")


def test_a_qcow2_disk_that_is_none(raw: pathlib.Path) -> None:
    with pytest.raises(exceptions.FileMissing, match="disk in the format qcow2"):
        require_files(_domain(raw, "qcow2"), "alice")


def test_a_circle_ends(tmp_path: pathlib.Path) -> None:
    """QEMU refuses it by itself; what matters is that this returns."""
    one, two = tmp_path / "one", tmp_path / "two"
    qemu_img.create(str(two), DiskFormat.QCOW2, MIB, server="a")
    _overlay(one, two, DiskFormat.QCOW2)
    subprocess.run(
        ["qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", one, two],
        check=True,
    )
    require_files(_domain(one, "qcow2"), "alice")
