# SPDX-License-Identifier: Apache-2.0
"""Formats that the device model was built without, asked of programs like it."""

from pathlib import Path

import pytest

from golden.builders import PV, image, options, plan
from nova_xen import exceptions
from nova_xen.hypervisor import require_served, unserved_formats
from nova_xen.model import DiskFormat

RAW, QCOW2, VHD = DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VHD
#: as Debian's qemu-system-xen 10.0 and 7.2 answer, with the exit code 1 of both
WITHOUT = """case "$5" in *driver=vpc,*) why="Unknown driver 'vpc'";;
*) why="Image is not in qcow2 format";; esac
echo "qemu: -blockdev $5: $why" >&2; exit 1"""
WITH = 'echo "qemu: -blockdev $5: invalid VPC image" >&2; exit 1'
HANGS = "exec sleep 600"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "xen-qemu-system-i386"


def answering(program: Path, script: str) -> tuple[str, ...]:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return ("/nowhere/at/all", str(program))


@pytest.mark.parametrize(
    ("script", "asked", "lacking"),
    [
        (WITHOUT, [RAW, QCOW2, VHD], {VHD}),
        (WITHOUT, [QCOW2], set()),
        (WITHOUT, [], set()),
        (WITH, [RAW, QCOW2, VHD], set()),
    ],
)
def test_what_it_lacks(
    program: Path, script: str, asked: list[DiskFormat], lacking: set[DiskFormat]
) -> None:
    assert unserved_formats(asked, answering(program, script)) == lacking


def test_nothing_is_known_of_one_that_is_not_there(tmp_path: Path) -> None:
    assert unserved_formats([VHD], (str(tmp_path / "none"),)) == frozenset()


@pytest.mark.parametrize("hangs", [True, False])
def test_nothing_is_known_of_one_that_does_not_answer(
    program: Path,
    hangs: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("nova_xen.hypervisor.device_model._TIMEOUT", 0.2)
    paths = answering(program, HANGS if hangs else "")
    if not hangs:
        program.chmod(0o644)
    assert unserved_formats([VHD], paths) == frozenset()
    assert "serves vhd is not known" in caplog.text


def test_a_guest_that_would_wait_for_its_disk_is_not_started(program: Path) -> None:
    paths = answering(program, WITHOUT)
    copied = options(use_cow_images=False)
    domain = plan(by=copied, image=image(PV, disk_format=VHD)).domain
    with pytest.raises(exceptions.FormatNotServed) as refused:
        require_served(domain, "web1", paths)
    assert str(refused.value) == (
        f"Server web1: its disk xvda is vhd, and this host's QEMU ({program}) was "
        "built without it, so the guest would wait for the disk for ever; convert the "
        "disk to raw or qcow2 or install a QEMU that has it."
    )
    require_served(domain, "web1", answering(program, WITH))


def test_nothing_is_asked_about_other_formats(program: Path) -> None:
    paths = answering(program, f"touch {program}.asked; exit 1")
    require_served(plan(PV).domain, "web1", paths)
    assert not Path(f"{program}.asked").exists()
