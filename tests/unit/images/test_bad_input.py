# SPDX-License-Identifier: Apache-2.0
"""Whatever the bytes are, there is a disk or a sentence, and nothing is left behind."""

import functools
import os
import pathlib
import struct
import subprocess
import tempfile
from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import strategies as st

from nova_xen import exceptions
from nova_xen.images import InspectedImage, inspect_image, make_disk
from nova_xen.model import GIB, MIB, DiskFormat, DiskKind, DiskPlan
from unit.images.hostile import FORMATS, qemu

RAW, QCOW2, VHD = DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VHD
SENTENCES = (
    exceptions.ImageRejected,
    exceptions.ToolFailed,
    exceptions.NotEnoughDisk,
)
CLUSTER = 64 * 1024
#: where the marks of every format end, that of ISO 9660 last
HEADER = 34 * 1024
DECLARED = {"qcow2-v2": QCOW2, "qcow2-v3": QCOW2, "vhd-dynamic": VHD, "vhd-fixed": VHD}


def _inspect(path: pathlib.Path, fmt: DiskFormat | None) -> InspectedImage | None:
    """What it is; None when it was refused in a sentence, and no other error."""
    try:
        return inspect_image(str(path), fmt)
    except exceptions.ImageRejected:
        return None


@pytest.mark.parametrize("name", FORMATS)
def test_a_header_cut_off_anywhere(tmp_path: pathlib.Path, name: str) -> None:
    path = tmp_path / "image"
    FORMATS[name](path)
    data = path.read_bytes()
    for size in range(0, min(HEADER, len(data) - 1), 512):
        path.write_bytes(data[:size])
        found = _inspect(path, None)
        if size % 4096 == 0:
            assert _inspect(path, QCOW2) is None
            assert _inspect(path, VHD) is None
        if found is not None:
            # nothing is left that any program would take for a format
            assert found.format is RAW
            assert name in ("gpt", "iso", "vhd-fixed", "vdi", "luks", "vmdk-flat")
            assert found.virtual_size == size


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {*DECLARED, "gpt", "iso"}))
def test_other_formats_are_refused_however_they_are_declared(
    tmp_path: pathlib.Path, name: str
) -> None:
    path = tmp_path / "image"
    FORMATS[name](path)
    assert [_inspect(path, fmt) for fmt in (None, *DiskFormat)] == [None] * 4


def _plan(folder: pathlib.Path, image: pathlib.Path, fmt: DiskFormat) -> DiskPlan:
    return DiskPlan(
        kind=DiskKind.ROOT,
        path=str(folder / "disk"),
        format=RAW,
        size=4 * MIB,
        base=str(image),
        base_format=fmt,
    )


def _make(folder: pathlib.Path, image: pathlib.Path, fmt: DiskFormat) -> str:
    """The sentence when no disk was made; it leaves nothing behind."""
    try:
        make_disk(
            _plan(folder, image, fmt), server="a", instances_path=str(folder.parent)
        )
    except SENTENCES as error:
        assert os.listdir(folder) == []
        return str(error)
    assert os.listdir(folder) == ["disk"]
    assert os.path.getsize(folder / "disk") == 4 * MIB
    (folder / "disk").unlink()
    return ""


#: the parts of a format's header, in bytes from its beginning or its end
PARTS: dict[str, list[range]] = {
    # the header with its extensions; the tables of references, of L1 and of L2
    "qcow2-v2": [range(256), range(CLUSTER, 5 * CLUSTER)],
    "qcow2-v3": [range(256), range(CLUSTER, 5 * CLUSTER)],
    # the footer's copy, the dynamic header, the table of blocks; the footer
    "vhd-dynamic": [range(96), range(512, 1536), range(1536, 2048), range(-512, 0)],
    "vhd-fixed": [range(-512, 0)],
}


def _entries(data: bytes | bytearray, where: range) -> list[int]:
    """The bytes there, those that are not zero first: a table is mostly empty."""
    found = [at for at in where if data[at]]
    return [*found, *(at for at in where if not data[at])][: max(256, len(found))]


@functools.cache
def _filled(name: str) -> bytes:
    """An image with data, so that its tables have entries."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "image")
        FORMATS[name](path)
        fmt = DECLARED[name].qemu_img
        for at in (0, MIB // 2, MIB - 512):
            command = ["qemu-io", "-f", fmt, "-c", f"write -P 0x5a {at} 512", str(path)]
            subprocess.run(command, check=True, capture_output=True)
        return path.read_bytes()


def test_flips_reach_every_part() -> None:
    data = {name: _filled(name) for name in PARTS}
    for name in ("qcow2-v2", "qcow2-v3"):
        head = data[name]
        for offset in (40, 48):
            (table,) = struct.unpack_from(">Q", head, offset)
            assert table in PARTS[name][1]
            assert any(head[table : table + 8])
    assert data["vhd-dynamic"][512:520] == b"cxsparse"
    assert struct.unpack_from(">Q", data["vhd-dynamic"], 512 + 16) == (1536,)
    assert all(data[name][-512:-504] == b"conectix" for name in PARTS if "vhd" in name)


@pytest.mark.parametrize(
    ("name", "part"),
    [(name, number) for name, parts in PARTS.items() for number in range(len(parts))],
)
@hypothesis.settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(choice=st.data())
def test_bits_flipped_in_a_header(
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    name: str,
    part: int,
    choice: st.DataObject,
) -> None:
    """A disk of the right size, or a sentence; nothing is left behind but that disk."""
    path, data = tmp_path / name, bytearray(_filled(name))
    entries = _entries(data, PARTS[name][part])
    bits = st.lists(st.tuples(st.sampled_from(entries), st.integers(0, 7)), min_size=1)
    for at, bit in choice.draw(bits.filter(lambda drawn: len(drawn) <= 4)):
        data[at] ^= 1 << bit
    path.write_bytes(data)
    said = _make(folder, path, DECLARED[name])
    assert said == "" or said.startswith(("Image ", "Server a: "))
    assert path.read_bytes() == data


def test_a_small_file_that_claims_a_huge_disk(
    folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """A header alone is refused; one with its tables, in holes, is found too large."""
    path = tmp_path / "image"
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 21, 2**60, 0, 2**21, 2**21, 0, 1, 0, 0
    )
    path.write_bytes(header.ljust(1024, b"\0"))
    assert "a part of it is missing" in _make(folder, path, QCOW2)
    path.unlink()
    qemu("qcow2", "-o", "cluster_size=2M", size=2**60)(path)
    assert path.stat().st_size < 32 * MIB
    assert "a disk is never shrunk" in _make(folder, path, QCOW2)
    plan = _plan(folder, path, QCOW2)
    huge = DiskPlan(**{**vars(plan), "size": 2**60})
    with pytest.raises(SENTENCES):
        make_disk(huge, server="a", instances_path=str(folder.parent))
    assert os.listdir(folder) == []


@pytest.mark.parametrize("overlay", [False, True])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("call", range(6))
def test_a_killed_qemu_img(
    image: Callable[..., pathlib.Path],
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    fake_qemu_img: Callable[[str], None],
    call: int,
    before: bool,
    overlay: bool,
) -> None:
    """At each of its runs: before it does anything, and after it did all."""
    path, calls = image(QCOW2, 4 * MIB), tmp_path / "calls"
    calls.mkdir()
    fake_qemu_img(
        f"""
        number=$(ls {calls} | wc -l); mkdir {calls}/$number
        [ "$number" = {call} ] && [ {before:d} = 1 ] && kill -KILL $$
        $REAL "$@"; code=$?
        [ "$number" = {call} ] && kill -KILL $$
        exit $code
        """
    )
    plan = _plan(folder, path, QCOW2)
    plan = DiskPlan(
        **{**vars(plan), "overlay": overlay, "format": QCOW2 if overlay else RAW}
    )
    instances = str(folder.parent)
    if call < (5 if not overlay else 6):
        with pytest.raises(
            (exceptions.ToolFailed, exceptions.ImageUnchecked), match="SIGKILL"
        ):
            make_disk(plan, server="a", instances_path=instances)
        assert os.listdir(folder) == []
    make_disk(plan, server="a", instances_path=instances)
    assert os.listdir(folder) == ["disk"]
    assert GIB > os.path.getsize(folder / "disk") > 0
