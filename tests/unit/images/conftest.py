# SPDX-License-Identifier: Apache-2.0
"""Small disks with a content that is known, and a qemu-img that can be watched."""

import os
import pathlib
import random
import shutil
import subprocess
from collections.abc import Callable

import pytest

from nova_xen.images.tools import qemu_img
from nova_xen.model import DiskFormat

SERVER = "alice"
#: found before a test takes it out of the PATH
_CP = shutil.which("cp") or "/bin/cp"
UUID = "5a35d2b6-7b0b-4f6d-8b33-2f9c2a9a6d11"
Pattern = Callable[..., pathlib.Path]
MakeImage = Callable[..., pathlib.Path]


@pytest.fixture
def instances_path(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "instances"
    path.mkdir()
    return str(path)


@pytest.fixture
def folder(instances_path: str) -> pathlib.Path:
    path = pathlib.Path(instances_path, UUID)
    path.mkdir()
    return path


@pytest.fixture
def pattern(tmp_path: pathlib.Path) -> Pattern:
    """Make a raw file: random at its beginning and its end, a hole in between."""

    def make(size: int, name: str = "pattern.raw", seed: int = 1) -> pathlib.Path:
        source = random.Random(seed)  # noqa: S311
        ends = min(size // 2, 64 * 1024 + 17)
        path = tmp_path / name
        with path.open("wb") as stream:
            stream.write(source.randbytes(ends))
            stream.seek(size - ends)
            stream.write(source.randbytes(ends))
        return path

    return make


@pytest.fixture(scope="session")
def _images(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Those that were made already, by format and size: they never differ."""
    return tmp_path_factory.mktemp("images")


@pytest.fixture
def image(pattern: Pattern, tmp_path: pathlib.Path, _images: pathlib.Path) -> MakeImage:
    """Make an image of a format, with the content of ``pattern``."""

    def make(fmt: DiskFormat, size: int) -> pathlib.Path:
        raw = pattern(size)
        if fmt is DiskFormat.RAW:
            return raw
        made, path = _images / f"{size}.{fmt}", tmp_path / f"image.{fmt}"
        if not made.exists():
            qemu_img.convert(str(raw), DiskFormat.RAW, str(made), fmt, server=SERVER)
        subprocess.run([_CP, "--sparse=auto", made, path], check=True)
        return path

    return make


@pytest.fixture
def content(tmp_path: pathlib.Path) -> Callable[[str, DiskFormat], bytes]:
    """Read what a guest would read from a disk."""

    def read(path: str, fmt: DiskFormat) -> bytes:
        out = tmp_path / "read-back.raw"
        qemu_img.convert(path, fmt, str(out), DiskFormat.RAW, server=SERVER)
        try:
            return out.read_bytes()
        finally:
            out.unlink()

    return read


def only_programs(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, *, without: str
) -> None:
    """Have all that is run here in PATH but one program."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in {"setpriv", "sh", "prlimit", "qemu-img"} - {without}:
        real = shutil.which(name)
        assert real is not None
        (folder / name).symlink_to(real)
    monkeypatch.setattr("nova_xen.images.tools.tool._SBIN", ())
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def fake_qemu_img(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Put a shell script before the real qemu-img, which it finds as ``$REAL``."""
    real = shutil.which("qemu-img")
    assert real is not None

    def install(body: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        script = folder / "qemu-img"
        script.write_text(f"#!/bin/sh\nREAL={real}\n{body}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return install
