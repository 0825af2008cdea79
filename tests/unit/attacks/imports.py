# SPDX-License-Identifier: Apache-2.0
"""Images that name a file of the host, brought as a file and from a server of images.

Each goes the whole way of ``server create``, so that one which is let through is
converted, and its server has what it named.
"""

import pathlib
from collections.abc import Iterable

import pytest

from nova_xen import exceptions
from nova_xen.model import DiskFormat
from unit.attacks.scene import Scene
from unit.web import Site, serving

DECLARED = (None, *DiskFormat, "iso")


def _refused(
    scene: Scene, names: Iterable[str], declared: Iterable[str | None]
) -> bytes:
    """What was said of each, however it came; nothing of it is left."""
    said = b""
    formats = tuple(declared)
    for name in names:
        path = scene.hostile[name]
        with serving(Site(path.read_bytes())) as site:
            for image in (path, f"{site.url}/image"):
                for fmt in formats:
                    said += _refusal(scene, image, fmt)
    return said


def _refusal(scene: Scene, image: pathlib.Path | str, fmt: str | None) -> bytes:
    with pytest.raises(exceptions.ImageRejected) as told:
        scene.create(scene.request(image, image_format=fmt))
    assert scene.left() == []
    return str(told.value).encode()


def backing_file(scene: Scene) -> bytes:
    return _refused(scene, ("backing", "json", "v2"), (None, "qcow2"))


def flat_vmdk(scene: Scene) -> bytes:
    return _refused(scene, ("descriptor",), DECLARED)


def data_file(scene: Scene) -> bytes:
    return _refused(scene, ("data", "both", "mapped"), (None, "qcow2"))


def declared_as_another(scene: Scene) -> bytes:
    return _refused(scene, scene.hostile, ("raw", "vhd", "iso"))
