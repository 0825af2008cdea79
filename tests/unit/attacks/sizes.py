# SPDX-License-Identifier: Apache-2.0
"""Small images with a disk that would fill the host."""

import contextlib
import pathlib
import socket
from collections.abc import Iterator
from unittest import mock

import pytest

from nova_xen import exceptions
from nova_xen.model import GIB, MIB
from unit.attacks.scene import Scene, qemu_img
from unit.images.hostile import qemu
from unit.web import Site, serving

#: the head that is looked at before anything else is fetched, and what HTTP adds
_MOST = MIB + 64 * 1024
_PADDED = 8 * MIB
#: more than any file system of a test has free
_HUGE = 64 * 1024 * GIB


@contextlib.contextmanager
def _received() -> Iterator[list[int]]:
    """How many bytes each read of a socket of this process brought."""
    sizes: list[int] = []
    read = socket.SocketIO.readinto

    def counted(stream: socket.SocketIO, buffer: memoryview) -> int | None:
        size = read(stream, buffer)
        sizes.append(size or 0)
        return size

    with mock.patch.object(socket.SocketIO, "readinto", counted):
        yield sizes


def _padded(path: pathlib.Path) -> None:
    """What follows the last cluster is no part of the disk."""
    with path.open("ab") as stream:
        stream.truncate(_PADDED)


def _too_large(scene: Scene, path: pathlib.Path) -> bytes:
    """Refused by the flavor, whole or by its beginning; nothing is taken for it."""
    with serving(Site(path.read_bytes())) as site, _received() as sizes:
        said = b""
        for image in (path, f"{site.url}/image"):
            with pytest.raises(exceptions.FlavorTooSmall) as told:
                scene.create(scene.request(image, root_gib=1))
            assert scene.left() == []
            said += str(told.value).encode()
    assert 0 < sum(sizes) < _MOST
    return said


def small_file(scene: Scene) -> bytes:
    path = scene.folder / "large"
    qemu("qcow2", size=64 * GIB)(path)
    _padded(path)
    return _too_large(scene, path)


def compressed(scene: Scene) -> bytes:
    """Full of data, which takes its whole size when it is unpacked."""
    raw, path = scene.folder / "full", scene.folder / "compressed"
    with raw.open("wb") as stream:
        stream.write(b"A" * 16 * MIB)
        stream.truncate(2 * GIB)
    qemu_img("convert", "-c", "-f", "raw", "-O", "qcow2", raw, path)
    assert path.stat().st_size < MIB
    _padded(path)
    return _too_large(scene.under(images_type="qcow2"), path)


def copied(scene: Scene) -> bytes:
    """Without overlays, and with all space taken at once."""
    path = scene.folder / "large"
    qemu("qcow2", size=_HUGE)(path)
    host = scene.under(use_cow_images=False, preallocate=True)
    with pytest.raises(exceptions.NotEnoughDisk, match="are needed") as told:
        host.create(host.request(path))
    assert host.left() == []
    _padded(path)
    return str(told.value).encode() + _too_large(host, path)
