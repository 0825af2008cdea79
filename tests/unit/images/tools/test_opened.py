# SPDX-License-Identifier: Apache-2.0
"""What a program is given is a descriptor, and what it says has the file's name."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator

import pytest

from nova_xen import exceptions
from nova_xen.images.tools import qemu_img
from nova_xen.images.tools.limits import for_writing
from nova_xen.images.tools.opened import OpenFile
from nova_xen.images.tools.tool import run
from nova_xen.model import MIB, DiskFormat
from unit.images.hostile import pointing_at

SECRET = b"secret"


@contextlib.contextmanager
def _open(path: pathlib.Path, name: str = "its name") -> Iterator[OpenFile]:
    with path.open("rb") as stream:
        yield OpenFile(stream.fileno(), name)


@pytest.fixture
def canary(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "canary"
    path.write_bytes(SECRET.ljust(MIB, b"."))
    return path


@pytest.mark.parametrize("fmt", DiskFormat)
def test_a_file_is_read_whatever_its_name_is(
    image: Callable[..., pathlib.Path], tmp_path: pathlib.Path, fmt: DiskFormat
) -> None:
    path, out, told = image(fmt, MIB), str(tmp_path / "out"), list[str]()
    expected = (tmp_path / "pattern.raw").read_bytes()
    with _open(path) as file:
        path.unlink()
        assert qemu_img.info(file, fmt, server="a").virtual_size == MIB
        if fmt is DiskFormat.QCOW2:
            assert qemu_img.corruptions(file, server="a") == 0
        qemu_img.convert(
            *(file, fmt, out, DiskFormat.RAW),
            server="a",
            progress=lambda what, fraction: told.append(what),
        )
    assert pathlib.Path(out).read_bytes() == expected
    assert set(told) == {f"converting its name to {out}"}


@pytest.mark.parametrize("name", ["backing", "json", "v2"])
def test_nothing_below_an_overlay_is_read(
    tmp_path: pathlib.Path, canary: pathlib.Path, name: str
) -> None:
    """Not even when it was no overlay at the time of its inspection."""
    paths = {path.name: path for path in pointing_at(canary, tmp_path)}
    out = tmp_path / "out"
    with _open(paths[name]) as file:
        qemu_img.convert(file, DiskFormat.QCOW2, str(out), DiskFormat.RAW, server="a")
    assert out.read_bytes() == bytes(MIB)


@pytest.mark.parametrize("fmt", [DiskFormat.QCOW2, DiskFormat.VHD])
@pytest.mark.parametrize("call", ["info", "convert"])
@pytest.mark.parametrize("name", ["its name", r"a\1 {name}", "json:{}"])
def test_a_failure_has_the_name(
    tmp_path: pathlib.Path, fmt: DiskFormat, call: str, name: str
) -> None:
    path, out = tmp_path / "junk", str(tmp_path / "out")
    path.write_bytes(b"junk" * MIB)

    def do(file: OpenFile) -> None:
        if call == "info":
            qemu_img.info(file, fmt, server="a")
        else:
            qemu_img.convert(file, fmt, out, DiskFormat.RAW, server="a", size=MIB)

    with _open(path, name) as file, pytest.raises(exceptions.ToolFailed) as caught:
        do(file)
    said = str(caught.value)
    assert f"Could not open '{name}': " in said
    assert "/proc" not in said
    assert "driver" not in said


def test_the_end_of_a_longer_number_is_not_taken_for_its_own() -> None:
    file = OpenFile(1, "x")
    assert file.named("'/proc/self/fd/1' /proc/self/fd/12 [/proc/self/fd/1]") == (
        "'x' /proc/self/fd/12 [x]"
    )


def test_a_program_inherits_that_file_and_no_other(canary: pathlib.Path) -> None:
    script = 'ls /proc/self/fd; head -c 6 "$0"'
    with _open(canary) as file, canary.open("rb") as other:
        strange = other.fileno()
        os.set_inheritable(strange, True)
        said = run(
            *("sh", "-c", script, file.path),
            server="a",
            doing="looking",
            limits=for_writing(DiskFormat.RAW, MIB),
            given=file,
        )
    *numbers, word = said.split()
    assert word == SECRET.decode()
    assert str(file.number) in numbers
    assert str(strange) not in numbers
