# SPDX-License-Identifier: Apache-2.0
"""An image that becomes another one after it was inspected gives nothing away."""

import os
import pathlib
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.images import make_disk
from nova_xen.images.cache.digest import sum_file
from nova_xen.images.files import lease
from nova_xen.model import MIB, Checksum, DiskFormat, DiskKind, DiskPlan, HashAlgorithm

RAW, QCOW2, VHD = DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VHD
SIZE = 2 * MIB
SECRET = b"a secret of the host"
Image = Callable[..., pathlib.Path]
Content = Callable[[str, DiskFormat], bytes]
Fake = Callable[[str], None]
BOTH = pytest.mark.parametrize("overlay", [False, True])


@pytest.fixture
def secret(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "secret"
    path.write_bytes(SECRET.ljust(SIZE, b"."))
    return path


def _plan(
    folder: pathlib.Path, image: pathlib.Path, fmt: DiskFormat, overlay: bool
) -> DiskPlan:
    return DiskPlan(
        kind=DiskKind.ROOT,
        path=str(folder / "disk"),
        format=QCOW2 if overlay else RAW,
        size=SIZE,
        base=str(image),
        base_format=fmt,
        overlay=overlay,
    )


def _make(plan: DiskPlan, checksum: Checksum | None = None) -> None:
    folder = os.path.dirname(plan.path)
    instances = os.path.dirname(folder)
    make_disk(plan, server="a", instances_path=instances, checksum=checksum)


def _nothing_is_left(folder: pathlib.Path) -> bool:
    bases = folder.parent / "_base"
    return os.listdir(folder) == [] and not (bases.is_dir() and os.listdir(bases))


@BOTH
@pytest.mark.parametrize("fmt", DiskFormat)
def test_a_link_that_is_turned_after_the_inspection(
    image: Image,
    content: Content,
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    secret: pathlib.Path,
    fake_qemu_img: Fake,
    fmt: DiskFormat,
    overlay: bool,
) -> None:
    """Whoever owns it sees in /proc when qemu-img makes the target."""
    original, link = image(fmt, SIZE), tmp_path / "link"
    expected = (tmp_path / "pattern.raw").read_bytes()
    link.symlink_to(original)
    fake_qemu_img(f'[ "$1" = create ] && ln -sfn {secret} {link}; exec $REAL "$@"')
    plan = _plan(folder, link, fmt, overlay)
    _make(plan)
    assert os.readlink(link) == str(secret)
    assert content(plan.path, plan.format) == expected


@BOTH
def test_a_link_that_is_turned_between_two_looks(
    image: Image,
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    secret: pathlib.Path,
    fake_qemu_img: Fake,
    overlay: bool,
) -> None:
    """qemu-img info and check see what was judged, not what the link leads to now."""
    link = tmp_path / "link"
    link.symlink_to(image(QCOW2, SIZE))
    fake_qemu_img(f'[ "$1" = info ] && ln -sfn {secret} {link}; exec $REAL "$@"')
    plan = _plan(folder, link, QCOW2, overlay)
    _make(plan)
    assert os.path.exists(plan.path)


@BOTH
@pytest.mark.parametrize("fmt", DiskFormat)
@pytest.mark.parametrize(
    "change",
    ["printf x | dd of={} conv=notrunc 2>/dev/null", "touch {}", "truncate -s 0 {}"],
)
def test_an_image_that_changes_while_it_is_read(
    image: Image,
    folder: pathlib.Path,
    fake_qemu_img: Fake,
    monkeypatch: pytest.MonkeyPatch,
    fmt: DiskFormat,
    overlay: bool,
    change: str,
) -> None:
    """Where there are no leases, its size and times tell."""
    monkeypatch.setattr(
        "nova_xen.images.inspection.opened.take_lease", lambda number: False
    )
    path = image(fmt, SIZE)
    fake_qemu_img(
        f"""
        $REAL "$@"; code=$?
        [ "$1" = convert ] && {change.format(path)}
        exit $code
        """
    )
    with pytest.raises(exceptions.ImageRejected, match="changed while it was read"):
        _make(_plan(folder, path, fmt, overlay))
    assert _nothing_is_left(folder)


@pytest.fixture
def leases(tmp_path: pathlib.Path) -> None:
    """Only on a file system that has them."""
    path = tmp_path / "probe"
    path.touch()
    with path.open("rb") as stream:
        if not lease.take_lease(stream.fileno()):
            pytest.skip("there are no leases here")


@BOTH
@pytest.mark.usefixtures("leases")
def test_an_image_that_is_open_for_writing(
    image: Image, folder: pathlib.Path, overlay: bool
) -> None:
    """It may be changed through mmap, of which its times do not tell."""
    path = image(QCOW2, SIZE)
    with (
        path.open("r+b"),
        pytest.raises(exceptions.ImageRejected, match="has it open for writing"),
    ):
        _make(_plan(folder, path, QCOW2, overlay))
    assert _nothing_is_left(folder)
    _make(_plan(folder, path, QCOW2, overlay))


@BOTH
@pytest.mark.usefixtures("leases")
def test_one_who_comes_to_write_while_it_is_read(
    image: Image, folder: pathlib.Path, fake_qemu_img: Fake, overlay: bool
) -> None:
    """He does not get at it, and what was read does not count."""
    path = image(QCOW2, SIZE)
    before = path.read_bytes()
    fake_qemu_img(
        f"""
        [ "$1" = convert ] &&
            dd if=/dev/zero of={path} oflag=nonblock conv=notrunc count=1 2>/dev/null
        exec $REAL "$@"
        """
    )
    with pytest.raises(exceptions.ImageRejected, match="changed while it was read"):
        _make(_plan(folder, path, QCOW2, overlay))
    assert path.read_bytes() == before
    assert _nothing_is_left(folder)


@pytest.mark.usefixtures("leases")
def test_where_the_server_gives_leases_none_is_no_sign(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    with path.open("wb") as writing, path.open("rb") as stream:
        assert writing.writable()
        with pytest.raises(lease.Writable):
            lease.take_lease(stream.fileno())
        monkeypatch.setattr(lease, "file_system", lambda number: "nfs4")
        assert not lease.take_lease(stream.fileno())


def test_an_import_may_be_touched_by_another_server(
    image: Image, folder: pathlib.Path, fake_qemu_img: Fake
) -> None:
    imports = folder.parent / "_imports"
    imports.mkdir()
    path = imports / f"{'a' * 64}.image"
    path.write_bytes(image(QCOW2, SIZE).read_bytes())
    fake_qemu_img(f'[ "$1" = convert ] && touch {path}; exec $REAL "$@"')
    _make(_plan(folder, path, QCOW2, overlay=False))
    assert os.listdir(folder) == ["disk"]


@BOTH
def test_an_image_is_what_was_summed(
    image: Image,
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    secret: pathlib.Path,
    overlay: bool,
) -> None:
    """Its checksum was right when the command began, and then the link was turned."""
    original, link = image(RAW, SIZE), tmp_path / "link"
    link.symlink_to(original)
    checksum = sum_file(str(link), HashAlgorithm.SHA512)
    plan = _plan(folder, link, RAW, overlay)
    link.unlink()
    link.symlink_to(secret)
    with pytest.raises(exceptions.ImageRejected, match="its checksum is"):
        _make(plan, checksum)
    assert _nothing_is_left(folder)
    link.unlink()
    link.symlink_to(original)
    _make(plan, checksum)
    assert os.listdir(folder) == ["disk"]
