# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.images.tools import qemu_img
from nova_xen.images.tools.limits import Limits
from nova_xen.model import GIB, MIB, DiskFormat
from unit.images.conftest import only_programs

#: sizes that the cylinders of a VHD would change, and one they would not
VHD_SIZES = [
    512,
    MIB,
    MIB + 512,
    10 * MIB,
    16 * MIB,
    100 * MIB + 3 * 512,
    GIB,
    127 * GIB,
    128 * GIB + 512,
    2040 * GIB,
]


@pytest.mark.parametrize("size", VHD_SIZES)
def test_vhd_size_is_exact(tmp_path: pathlib.Path, size: int) -> None:
    path = str(tmp_path / "disk")
    qemu_img.create(path, DiskFormat.VHD, size, server="a")
    assert qemu_img.info(path, DiskFormat.VHD, server="a").virtual_size == size


@pytest.mark.parametrize("fmt", DiskFormat)
def test_info_of_what_was_created(tmp_path: pathlib.Path, fmt: DiskFormat) -> None:
    path = str(tmp_path / "disk")
    qemu_img.create(path, fmt, 10 * MIB, server="a")
    info = qemu_img.info(path, fmt, server="a")
    assert (info.format, info.virtual_size, info.backing_file) == (fmt, 10 * MIB, None)
    assert info.actual_size < MIB


def test_overlay_records_its_backing_file(tmp_path: pathlib.Path) -> None:
    base, top = str(tmp_path / "base"), str(tmp_path / "top")
    qemu_img.create(base, DiskFormat.RAW, MIB, server="a")
    qemu_img.create(
        top,
        DiskFormat.QCOW2,
        2 * MIB,
        server="a",
        backing=base,
        backing_fmt=DiskFormat.RAW,
    )
    info = qemu_img.info(top, DiskFormat.QCOW2, server="a")
    assert info.backing_file == base
    assert info.virtual_size == 2 * MIB


@pytest.mark.parametrize("source", DiskFormat)
@pytest.mark.parametrize("target", DiskFormat)
def test_convert_keeps_content(
    image: Callable[..., pathlib.Path],
    content: Callable[[str, DiskFormat], bytes],
    tmp_path: pathlib.Path,
    source: DiskFormat,
    target: DiskFormat,
) -> None:
    path = image(source, 3 * MIB + 512)
    out = str(tmp_path / "out")
    told: list[float] = []
    qemu_img.convert(
        str(path),
        source,
        out,
        target,
        server="a",
        progress=lambda what, fraction: told.append(fraction),
    )
    assert content(out, target) == (tmp_path / "pattern.raw").read_bytes()
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("fmt", [DiskFormat.RAW, DiskFormat.QCOW2])
def test_resize_grows(tmp_path: pathlib.Path, fmt: DiskFormat) -> None:
    path = str(tmp_path / "disk")
    qemu_img.create(path, fmt, MIB, server="a")
    qemu_img.resize(path, fmt, 5 * MIB, server="a")
    assert qemu_img.info(path, fmt, server="a").virtual_size == 5 * MIB


def test_resize_refuses_to_shrink(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "disk")
    qemu_img.create(path, DiskFormat.QCOW2, 2 * MIB, server="a")
    with pytest.raises(exceptions.ToolFailed, match="shrink"):
        qemu_img.resize(path, DiskFormat.QCOW2, MIB, server="a")


def test_failure_is_one_sentence_with_the_last_words() -> None:
    with pytest.raises(exceptions.ToolFailed) as caught:
        qemu_img.info("/nowhere/disk", DiskFormat.QCOW2, server="alice")
    assert str(caught.value) == (
        "Server alice: qemu-img failed while reading /nowhere/disk: Could not open "
        "'/nowhere/disk': Could not open '/nowhere/disk': No such file or directory; "
        "see to it and try again."
    )


def test_other_format_than_said_is_a_failure(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "disk")
    qemu_img.create(path, DiskFormat.RAW, MIB, server="a")
    with pytest.raises(exceptions.ToolFailed, match="not in qcow2 format"):
        qemu_img.info(path, DiskFormat.QCOW2, server="a")


@pytest.mark.parametrize("name", ["nbd:host:1", "json:{}", "-h", "a b,c=d"])
def test_a_name_is_never_a_protocol_or_an_option(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    qemu_img.create(name, DiskFormat.QCOW2, MIB, server="a")
    assert os.listdir(tmp_path) == [name]
    qemu_img.convert(name, DiskFormat.QCOW2, "out", DiskFormat.RAW, server="a")
    assert (tmp_path / "out").stat().st_size == MIB


@pytest.mark.parametrize(
    ("missing", "package"),
    [("qemu-img", "qemu-utils"), ("prlimit", "util-linux"), ("setpriv", "util-linux")],
)
def test_a_missing_program_is_told_with_its_package(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
    package: str,
) -> None:
    only_programs(tmp_path, monkeypatch, without=missing)
    words = (
        rf"{missing} failed while .*: it is not on this host \(apt install {package}\)"
    )
    with pytest.raises(exceptions.ToolFailed, match=words):
        qemu_img.create("x", DiskFormat.RAW, MIB, server="a")
    with pytest.raises(exceptions.ToolFailed, match=words):
        qemu_img.convert("x", DiskFormat.RAW, "y", DiskFormat.RAW, server="a")


def on_tmpfs(path: pathlib.Path) -> bool:
    """Whether there is no O_DIRECT."""
    probe = path / "probe"
    probe.touch()
    try:
        os.close(os.open(probe, os.O_RDONLY | os.O_DIRECT))
    except OSError:
        return True
    return False


def test_a_file_system_without_o_direct_is_written_to_as_well(
    fake_qemu_img: Callable[[str], None],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_qemu_img('case "$*" in *"-t none"*) exit 1;; esac; exec $REAL "$@"')
    path, out = str(tmp_path / "a"), str(tmp_path / "b")
    for each in (path, out):
        qemu_img.create(each, DiskFormat.RAW, MIB, server="a")
    monkeypatch.setattr(os, "O_DIRECT", os.O_DIRECTORY)
    qemu_img.convert(path, DiskFormat.RAW, out, DiskFormat.RAW, server="a", size=MIB)
    assert os.stat(out).st_size == MIB


def test_every_call_says_the_format(
    fake_qemu_img: Callable[[str], None],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # one that reads may write no file, not even this log
    unlimited = Limits(cpu_seconds=60, file_size=MIB)
    monkeypatch.setattr(qemu_img, "for_reading", lambda size=0: unlimited)
    log, mode = tmp_path / "log", "writeback" if on_tmpfs(tmp_path) else "none"
    fake_qemu_img(f'echo "$LC_ALL $*" >> {log}; exec $REAL "$@"')
    path, out = str(tmp_path / "a"), str(tmp_path / "b")
    qemu_img.create(path, DiskFormat.VHD, MIB, server="a")
    qemu_img.info(path, DiskFormat.VHD, server="a")
    qemu_img.create(out, DiskFormat.QCOW2, MIB, server="a")
    qemu_img.convert(path, DiskFormat.VHD, out, DiskFormat.QCOW2, server="a", size=MIB)
    qemu_img.resize(out, DiskFormat.QCOW2, 2 * MIB, server="a")
    assert log.read_text().splitlines() == [
        f"C create -q -f vpc -o subformat=dynamic,force_size=on {path} {MIB}",
        f"C info --force-share --output=json -f vpc {path}",
        f"C create -q -f qcow2 {out} {MIB}",
        f"C convert -p -W -m 16 -t {mode} -f vpc -O qcow2 -n --target-is-zero "
        f"{path} {out}",
        f"C resize -q -f qcow2 {out} {2 * MIB}",
    ]


def test_info_of_a_hostile_file_is_limited(
    fake_qemu_img: Callable[[str], None],
) -> None:
    fake_qemu_img('echo "{\\"virtual-size\\": $(ulimit -v)}"')
    info = qemu_img.info("/x", DiskFormat.RAW, server="a")
    assert info.virtual_size == GIB // 1024


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (
            "echo 'qemu-img: /x: write failed: No space left on device' >&2; exit 1",
            exceptions.NotEnoughDisk,
            "write failed: No space left on device",
        ),
        (
            "echo 'qemu-img: Disk quota exceeded.' >&2; exit 1",
            exceptions.NotEnoughDisk,
            "Disk quota exceeded",
        ),
        ("kill -XFSZ $$", exceptions.NotEnoughDisk, "File too large"),
        ("kill -KILL $$", exceptions.ToolFailed, "killed by SIGKILL"),
        ("exit 7", exceptions.ToolFailed, "ended with the code 7"),
        ("echo one >&2; echo two >&2; exit 1", exceptions.ToolFailed, ": two."),
    ],
)
def test_how_it_failed(
    fake_qemu_img: Callable[[str], None],
    body: str,
    error: type[exceptions.NovaXenError],
    words: str,
) -> None:
    fake_qemu_img(body)
    with pytest.raises(error, match=words):
        qemu_img.create("/x/y", DiskFormat.RAW, MIB, server="a")
    with pytest.raises(error, match=words):
        qemu_img.convert(
            "/a", DiskFormat.RAW, "/x/y", DiskFormat.RAW, server="a", size=MIB
        )


@pytest.mark.parametrize("how", ["echo 'qemu-img: File too large' >&2; exit 1"])
def test_what_only_reads_needs_no_space(
    fake_qemu_img: Callable[[str], None], how: str
) -> None:
    fake_qemu_img(how)
    with pytest.raises(exceptions.ToolFailed, match="reading /x/y: File too large"):
        qemu_img.info("/x/y", DiskFormat.VHD, server="a")
    with pytest.raises(exceptions.ToolFailed, match="checking /x/y: File too large"):
        qemu_img.corruptions("/x/y", server="a")
