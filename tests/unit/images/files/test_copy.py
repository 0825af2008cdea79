# SPDX-License-Identifier: Apache-2.0
import os
import pathlib

import pytest

from nova_xen import exceptions
from nova_xen.images import copy_files
from nova_xen.model import FilePlan


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def _plans(
    folder: pathlib.Path, kernel: pathlib.Path, ramdisk: pathlib.Path
) -> tuple[FilePlan, ...]:
    return (
        FilePlan(source=str(kernel), path=str(folder / "kernel")),
        FilePlan(source=str(ramdisk), path=str(folder / "ramdisk")),
    )


def test_copies_what_links_lead_to(
    tmp_path: pathlib.Path, folder: pathlib.Path
) -> None:
    kernel, ramdisk = tmp_path / "vmlinuz-6.1", tmp_path / "initrd"
    kernel.write_bytes(os.urandom(300_000))
    ramdisk.write_bytes(b"")
    (tmp_path / "vmlinuz").symlink_to(kernel)
    copy_files(_plans(folder, tmp_path / "vmlinuz", ramdisk), server="a")
    assert (folder / "kernel").read_bytes() == kernel.read_bytes()
    assert not (folder / "kernel").is_symlink()
    assert sorted(os.listdir(folder)) == ["kernel", "ramdisk"]


@pytest.mark.parametrize("what", ["nothing", "folder", "fifo", "device"])
def test_all_or_nothing(
    tmp_path: pathlib.Path, folder: pathlib.Path, what: str
) -> None:
    kernel, ramdisk = tmp_path / "kernel", tmp_path / "ramdisk"
    kernel.write_text("x")
    match what:
        case "folder":
            ramdisk.mkdir()
        case "fifo":
            os.mkfifo(ramdisk)
        case "device":
            ramdisk.symlink_to("/dev/zero")
    with pytest.raises(exceptions.FileMissing) as caught:
        copy_files(_plans(folder, kernel, ramdisk), server="alice")
    assert str(caught.value).startswith(f"Server alice: file {ramdisk} does not exist")
    assert os.listdir(folder) == []


def test_overwrites_nothing(tmp_path: pathlib.Path, folder: pathlib.Path) -> None:
    kernel = tmp_path / "kernel"
    kernel.write_text("new")
    (folder / "ramdisk").write_text("precious")
    with pytest.raises(exceptions.ToolFailed, match="File exists"):
        copy_files(_plans(folder, kernel, kernel), server="a")
    assert os.listdir(folder) == ["ramdisk"]
    assert (folder / "ramdisk").read_text() == "precious"
