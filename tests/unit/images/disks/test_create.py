# SPDX-License-Identifier: Apache-2.0
import dataclasses
import os
import pathlib
import stat
import subprocess
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.images import make_disk
from nova_xen.images.inspection.header import VhdFooter, VhdType
from nova_xen.images.tools import qemu_img
from nova_xen.model import GIB, MIB, DiskFormat, DiskKind, DiskPlan, VhdSubformat

RAW, QCOW2, VHD = DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VHD
Image = Callable[..., pathlib.Path]
Content = Callable[[str, DiskFormat], bytes]
SIZE = 2 * MIB + 512


def _plan(
    folder: pathlib.Path,
    fmt: DiskFormat,
    size: int,
    *,
    kind: DiskKind = DiskKind.ROOT,
    base: tuple[pathlib.Path, DiskFormat] | None = None,
    overlay: bool = False,
) -> DiskPlan:
    return DiskPlan(
        kind=kind,
        path=str(folder / kind.value),
        format=fmt,
        size=size,
        base=None if base is None else str(base[0]),
        base_format=None if base is None else base[1],
        overlay=overlay,
    )


def _make(plan: DiskPlan) -> None:
    instances = os.path.dirname(os.path.dirname(plan.path))
    make_disk(plan, server="alice", instances_path=instances, image_id="an-id")


#: no growth, a size VHD's cylinders would change, and one of an odd sector
SIZES = [SIZE, 10 * MIB, 16 * MIB + 512]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("source", DiskFormat)
@pytest.mark.parametrize("target", DiskFormat)
def test_copy_is_exact_in_content_and_size(
    image: Image,
    content: Content,
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    source: DiskFormat,
    target: DiskFormat,
    size: int,
) -> None:
    plan = _plan(folder, target, size, base=(image(source, SIZE), source))
    _make(plan)
    made = content(plan.path, target)
    original = (tmp_path / "pattern.raw").read_bytes()
    assert made[:SIZE] == original
    assert made[SIZE:] == bytes(size - SIZE)
    info = qemu_img.info(plan.path, target, server="a")
    assert info.virtual_size == size
    assert info.backing_file is None
    assert os.listdir(folder) == ["disk"]
    assert stat.S_IMODE(os.stat(plan.path).st_mode) == 0o600


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("source", DiskFormat)
def test_overlay_is_exact_in_content_and_size(
    image: Image,
    content: Content,
    folder: pathlib.Path,
    instances_path: str,
    tmp_path: pathlib.Path,
    source: DiskFormat,
    size: int,
) -> None:
    plan = _plan(folder, QCOW2, size, base=(image(source, SIZE), source), overlay=True)
    _make(plan)
    made = content(plan.path, QCOW2)
    assert made[:SIZE] == (tmp_path / "pattern.raw").read_bytes()
    assert made[SIZE:] == bytes(size - SIZE)
    info = qemu_img.info(plan.path, QCOW2, server="a")
    assert info.virtual_size == size
    assert info.backing_file is not None
    assert os.path.dirname(info.backing_file) == os.path.join(instances_path, "_base")
    assert info.actual_size < MIB


def test_overlays_share_a_base(
    image: Image, folder: pathlib.Path, instances_path: str
) -> None:
    source = (image(RAW, SIZE), RAW)
    other = folder.with_name("0d1cfa4c-3c1e-4a7e-8a86-90b0d9bd5c5e")
    other.mkdir()
    _make(_plan(folder, QCOW2, SIZE, base=source, overlay=True))
    _make(_plan(other, QCOW2, 2 * SIZE, base=source, overlay=True))
    bases = pathlib.Path(instances_path, "_base").glob("*.raw")
    assert len(list(bases)) == 1


@pytest.mark.parametrize("fmt", DiskFormat)
def test_ephemeral_has_a_file_system(
    content: Content, folder: pathlib.Path, tmp_path: pathlib.Path, fmt: DiskFormat
) -> None:
    plan = _plan(folder, fmt, 16 * MIB, kind=DiskKind.EPHEMERAL)
    _make(plan)
    raw = tmp_path / "ephemeral.raw"
    raw.write_bytes(content(plan.path, fmt))
    assert raw.stat().st_size == 16 * MIB
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    environment = {**os.environ, "PATH": path}
    subprocess.run(["e2fsck", "-fn", str(raw)], check=True, env=environment)
    told = subprocess.run(
        ["dumpe2fs", "-h", str(raw)],
        check=True,
        env=environment,
        capture_output=True,
        text=True,
    ).stdout
    assert "Filesystem volume name:   ephemeral0\n" in told
    assert "extent" in told
    assert os.listdir(folder) == ["disk.eph0"]


def test_a_large_ephemeral_disk_takes_little_space(folder: pathlib.Path) -> None:
    plan = _plan(folder, RAW, 200 * GIB, kind=DiskKind.EPHEMERAL)
    _make(plan)
    assert os.stat(plan.path).st_size == 200 * GIB
    assert os.stat(plan.path).st_blocks * 512 < 64 * MIB


@pytest.mark.parametrize("fmt", DiskFormat)
def test_swap_is_swap(content: Content, folder: pathlib.Path, fmt: DiskFormat) -> None:
    plan = _plan(folder, fmt, 3 * MIB, kind=DiskKind.SWAP)
    _make(plan)
    made = content(plan.path, fmt)
    assert len(made) == 3 * MIB
    assert made[4086:4096] == b"SWAPSPACE2"
    assert os.listdir(folder) == ["disk.swap"]


@pytest.mark.parametrize("fmt", DiskFormat)
def test_empty_root(content: Content, folder: pathlib.Path, fmt: DiskFormat) -> None:
    plan = _plan(folder, fmt, MIB + 512)
    _make(plan)
    assert content(plan.path, fmt) == bytes(MIB + 512)


def test_a_size_is_rounded_up_to_a_sector(folder: pathlib.Path) -> None:
    plan = _plan(folder, VHD, MIB + 1)
    _make(plan)
    assert qemu_img.info(plan.path, VHD, server="a").virtual_size == MIB + 512


def test_progress_is_told(image: Image, folder: pathlib.Path) -> None:
    told: list[tuple[str, float]] = []
    plan = _plan(folder, RAW, SIZE, base=(image(QCOW2, SIZE), QCOW2))
    make_disk(
        plan,
        server="a",
        instances_path=str(folder.parent),
        progress=lambda what, fraction: told.append((what, fraction)),
    )
    assert told[-1][1] == 1.0
    assert "image.qcow2" in told[-1][0]


def test_an_interrupted_copy_ends_its_tool_and_leaves_nothing(
    image: Image,
    folder: pathlib.Path,
    fake_qemu_img: Callable[[str], None],
) -> None:
    """Without the end of its tool this would wait for an hour."""
    plan = _plan(folder, RAW, SIZE, base=(image(QCOW2, SIZE), QCOW2))
    fake_qemu_img(
        """
        [ "$1" = convert ] || exec $REAL "$@"
        echo "    (12.00/100%)"
        exec sleep 3600
        """
    )

    def interrupt(what: str, fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_disk(
            plan,
            server="a",
            instances_path=str(folder.parent),
            progress=interrupt,
        )
    assert os.listdir(folder) == []


@pytest.mark.parametrize("overlay", [False, True])
def test_never_shrinks(image: Image, folder: pathlib.Path, overlay: bool) -> None:
    base = (image(RAW, SIZE), RAW)
    plan = _plan(folder, QCOW2, SIZE - 512, base=base, overlay=overlay)
    with pytest.raises(exceptions.ImageRejected, match="a disk is never shrunk"):
        _make(plan)
    assert os.listdir(folder) == []


@pytest.mark.parametrize("overlay", [False, True])
def test_a_base_that_changed_since_planning_is_refused(
    image: Image, folder: pathlib.Path, overlay: bool
) -> None:
    plan = _plan(folder, QCOW2, SIZE, base=(image(QCOW2, SIZE), RAW), overlay=overlay)
    with pytest.raises(exceptions.ImageRejected, match="its content is qcow2"):
        _make(plan)
    assert os.listdir(folder) == []


@pytest.mark.parametrize("fmt", [RAW, VHD])
def test_an_overlay_is_qcow2(
    image: Image, folder: pathlib.Path, fmt: DiskFormat
) -> None:
    plan = _plan(folder, fmt, SIZE, base=(image(RAW, SIZE), RAW), overlay=True)
    with pytest.raises(exceptions.ToolFailed, match="an overlay is qcow2"):
        _make(plan)
    assert os.listdir(folder) == []


def test_a_disk_that_is_there_is_not_overwritten(folder: pathlib.Path) -> None:
    (folder / "disk").write_text("precious")
    with pytest.raises(exceptions.ToolFailed, match="File exists"):
        _make(_plan(folder, RAW, MIB))
    assert (folder / "disk").read_text() == "precious"


def test_what_a_killed_maker_left_is_replaced(folder: pathlib.Path) -> None:
    (folder / ".disk.part").write_text("half")
    (folder / ".disk.eph0.part.raw").write_text("half")
    _make(_plan(folder, RAW, MIB))
    _make(_plan(folder, QCOW2, 8 * MIB, kind=DiskKind.EPHEMERAL))
    assert sorted(os.listdir(folder)) == ["disk", "disk.eph0"]


def test_no_folder(instances_path: str) -> None:
    with pytest.raises(exceptions.ToolFailed, match="No such file or directory"):
        _make(_plan(pathlib.Path(instances_path, "no"), RAW, MIB))


@pytest.mark.parametrize(
    ("kind", "fmt", "size", "words"),
    [
        (DiskKind.SWAP, RAW, 512, "mkswap failed while making the swap disk"),
        (DiskKind.SWAP, QCOW2, 512, "mkswap failed while making the swap disk"),
        (DiskKind.EPHEMERAL, VHD, 512, "mkfs.ext4 failed while making the file"),
        (DiskKind.ROOT, VHD, 2041 * GIB, "too large for file format 'vpc'"),
    ],
)
def test_a_tool_that_fails_leaves_nothing(
    folder: pathlib.Path, kind: DiskKind, fmt: DiskFormat, size: int, words: str
) -> None:
    with pytest.raises(exceptions.ToolFailed, match=words):
        _make(_plan(folder, fmt, size, kind=kind))
    assert os.listdir(folder) == []


def test_a_wrong_size_is_a_failure(
    folder: pathlib.Path, fake_qemu_img: Callable[[str], None]
) -> None:
    fake_qemu_img(
        """
        case "$*" in
        create*vpc*) exec $REAL create -q -f vpc "$7" "$8";;
        *) exec $REAL "$@";;
        esac
        """
    )
    with pytest.raises(exceptions.ToolFailed, match=r"10514432 bytes instead of"):
        _make(_plan(folder, VHD, 10 * MIB))
    assert os.listdir(folder) == []


@pytest.mark.parametrize("fmt", DiskFormat)
@pytest.mark.parametrize("kind", [DiskKind.ROOT, DiskKind.EPHEMERAL, DiskKind.SWAP])
def test_a_preallocated_disk_has_all_its_space(
    folder: pathlib.Path, content: Content, fmt: DiskFormat, kind: DiskKind
) -> None:
    plan = dataclasses.replace(_plan(folder, fmt, 8 * MIB, kind=kind), preallocate=True)
    _make(plan)
    assert os.stat(plan.path).st_blocks * 512 >= 8 * MIB
    assert len(content(plan.path, fmt)) == 8 * MIB


@pytest.mark.parametrize("source", DiskFormat)
@pytest.mark.parametrize(
    ("fmt", "overlay"), [(RAW, False), (QCOW2, False), (VHD, False), (QCOW2, True)]
)
def test_a_preallocated_disk_of_an_image_has_all_its_space(
    image: Image,
    folder: pathlib.Path,
    content: Content,
    tmp_path: pathlib.Path,
    source: DiskFormat,
    fmt: DiskFormat,
    overlay: bool,
) -> None:
    base = (image(source, SIZE), source)
    plan = _plan(folder, fmt, 8 * MIB, base=base, overlay=overlay)
    _make(dataclasses.replace(plan, preallocate=True))
    assert os.stat(plan.path).st_blocks * 512 >= 8 * MIB
    assert content(plan.path, fmt)[:SIZE] == (tmp_path / "pattern.raw").read_bytes()


@pytest.mark.parametrize("source", DiskFormat)
@pytest.mark.parametrize("target", DiskFormat)
def test_zeros_of_an_image_take_no_space(
    image: Image, folder: pathlib.Path, source: DiskFormat, target: DiskFormat
) -> None:
    """Whether they are holes of its file or written there."""
    size = 16 * MIB
    path = image(source, size)
    if source is RAW:
        path.write_bytes(path.read_bytes())
        assert path.stat().st_blocks * 512 >= size
    plan = _plan(folder, target, size, base=(path, source))
    _make(plan)
    assert os.stat(plan.path).st_blocks * 512 < 5 * MIB


@pytest.mark.parametrize("subformat", VhdSubformat)
@pytest.mark.parametrize("based", [False, True])
@pytest.mark.parametrize("kind", [DiskKind.ROOT, DiskKind.SWAP])
def test_a_vhd_is_of_the_kind_that_was_planned(
    image: Image,
    folder: pathlib.Path,
    subformat: VhdSubformat,
    based: bool,
    kind: DiskKind,
) -> None:
    base = (image(QCOW2, SIZE), QCOW2) if based else None
    plan = _plan(folder, VHD, SIZE, base=base, kind=kind)
    _make(dataclasses.replace(plan, vhd_subformat=subformat))
    footer = VhdFooter.read(pathlib.Path(plan.path).read_bytes()[-512:])
    fixed = subformat is VhdSubformat.FIXED
    assert footer.type == (VhdType.FIXED if fixed else VhdType.DYNAMIC)


def test_too_much_to_preallocate_is_refused_at_once(folder: pathlib.Path) -> None:
    plan = dataclasses.replace(_plan(folder, RAW, 2**50), preallocate=True)
    with pytest.raises(exceptions.NotEnoughDisk, match="MiB are needed and"):
        _make(plan)
    assert os.listdir(folder) == []
