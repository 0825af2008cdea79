# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.images import inspect_image
from nova_xen.model import MIB, DiskFormat

QCOW2 = DiskFormat.QCOW2


@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_a_qcow2_that_came_half(
    image: Callable[..., pathlib.Path], share: float
) -> None:
    """qemu-img convert takes it without a word and gives zeros for what is missing."""
    path = image(QCOW2, 2 * MIB)
    inspect_image(str(path), QCOW2)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(exceptions.ImageRejected, match="a part of it is missing"):
        inspect_image(str(path), QCOW2)


def test_what_only_qemu_img_sees(image: Callable[..., pathlib.Path]) -> None:
    path = image(QCOW2, MIB)
    data = bytearray(path.read_bytes())
    data[20:24] = b"\0\0\0\xff"
    path.write_bytes(data)
    with pytest.raises(exceptions.ImageRejected, match="it cannot be read as qcow2"):
        inspect_image(str(path), QCOW2)


def test_a_name_with_a_nul() -> None:
    with pytest.raises(exceptions.ImageRejected, match="it cannot be opened"):
        inspect_image("/x\0y", QCOW2)
