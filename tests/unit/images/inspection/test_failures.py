# SPDX-License-Identifier: Apache-2.0
"""A bad image, a bad tool and a bad disk are told apart."""

import errno
import io
import pathlib
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.images import inspect_image
from nova_xen.images.tools import qemu_img
from nova_xen.images.tools.limits import Limits
from nova_xen.model import MIB, DiskFormat
from unit.images.conftest import only_programs

QCOW2, VHD = DiskFormat.QCOW2, DiskFormat.VHD
Image = Callable[..., pathlib.Path]
Fake = Callable[[str], None]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("kill -KILL $$", "qemu-img failed, it was killed by SIGKILL; see to it"),
        ("exec sleep 60", "it did nothing for 0.3 seconds and was ended; see to it"),
        ("exit 9", "it ended with the code 9 and said nothing"),
        ("echo nonsense; exit 0", "what it printed is not understood"),
        ("echo 'qemu-img: no memory' >&2; exit 134", "qemu-img failed, no memory"),
        ("echo 'prlimit: no right' >&2; exit 1", "qemu-img failed, prlimit: no right"),
    ],
)
@pytest.mark.parametrize("call", ["info", "check"])
def test_a_tool_that_fails_says_nothing_of_the_image(
    image: Image,
    fake_qemu_img: Fake,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    words: str,
    call: str,
) -> None:
    limits = Limits(cpu_seconds=9, file_size=MIB, stall=0.3)
    monkeypatch.setattr(qemu_img, "for_reading", lambda size=0: limits)
    path = image(QCOW2, MIB)
    fake_qemu_img(f'[ "$1" = {call} ] || exec $REAL "$@"; {body}')
    with pytest.raises(exceptions.ImageUnchecked, match=words) as caught:
        inspect_image(str(path), QCOW2, name="its name")
    assert str(caught.value).startswith("Image its name could not be checked: ")


def test_what_qemu_img_says_itself_is_of_the_image(
    image: Image, fake_qemu_img: Fake
) -> None:
    path = image(QCOW2, MIB)
    fake_qemu_img("echo 'qemu-img: it is bad' >&2; exit 1")
    with pytest.raises(
        exceptions.ImageRejected, match=r"it cannot be read as qcow2 \(it is bad\); get"
    ):
        inspect_image(str(path), QCOW2)


@pytest.mark.parametrize(
    ("missing", "package"),
    [("qemu-img", "qemu-utils"), ("prlimit", "util-linux"), ("setpriv", "util-linux")],
)
def test_a_missing_program_is_told_with_its_package(
    image: Image,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
    package: str,
) -> None:
    path = image(VHD, MIB)
    only_programs(tmp_path, monkeypatch, without=missing)
    words = rf"{missing} failed, it is not on this host \(apt install {package}\)"
    with pytest.raises(exceptions.ImageUnchecked, match=words):
        inspect_image(str(path), VHD)


class _Damaged(io.BufferedReader):
    """A file on a disk that does not give the bytes beyond ``good``."""

    good = 0

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self.good:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


@pytest.mark.parametrize("fmt", DiskFormat)
@pytest.mark.parametrize("good", [0, 1])
def test_a_disk_that_does_not_give_the_bytes(
    image: Image, monkeypatch: pytest.MonkeyPatch, fmt: DiskFormat, good: int
) -> None:
    def damaged(path: str) -> io.BufferedReader:
        return _Damaged(io.FileIO(path))

    monkeypatch.setattr(_Damaged, "good", good)
    monkeypatch.setattr("nova_xen.images.inspection.opened.open_regular", damaged)
    path = image(fmt, MIB)
    with pytest.raises(
        exceptions.ImageRejected, match=r"cannot be read \(Input/output error\); look"
    ):
        inspect_image(str(path), fmt)
