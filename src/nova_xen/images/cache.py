# SPDX-License-Identifier: Apache-2.0
"""Bases: one raw copy of an image, below which many servers' overlays lie.

A base is raw and sparse whatever the image was: one format to open, no header of a
stranger below a guest's disk, and nothing to decompress while guests run.
"""

import hashlib
import os

from nova_xen.images import qemu_img
from nova_xen.images.inspect import InspectedImage, inspect_image
from nova_xen.images.lock import locked, try_lock
from nova_xen.images.part import part_name, part_of, remove_file
from nova_xen.images.progress import Progress, no_progress
from nova_xen.images.space import least_copy, require_space
from nova_xen.images.tool import os_failure
from nova_xen.model import DiskFormat

_BASES = "_base"
_LOCKS = "locks"
_SUFFIX = ".raw"


def base_path(image_path: str, image_id: str = "", *, instances_path: str) -> str:
    """Where the base of an image is or will be.

    :param image_id: names the content when given; else the file does, by its place,
        inode, size and time of change
    :raises OSError: no id, and no such file
    """
    key = f"id {image_id}" if image_id else _file_key(image_path)
    name = hashlib.sha256(os.fsencode(key)).hexdigest()
    return os.path.join(instances_path, _BASES, name + _SUFFIX)


def _file_key(path: str) -> str:
    real = os.path.realpath(path)
    status = os.stat(real)
    return f"file {real} {status.st_ino} {status.st_size} {status.st_mtime_ns}"


def ensure_base(
    image_path: str,
    fmt: DiskFormat | None,
    image_id: str = "",
    *,
    instances_path: str,
    server: str,
    progress: Progress = no_progress,
) -> str:
    """Have the base of an image, and return its path.

    However many ask at once, in this process or in others, one copies and the others
    wait for it. What a process that was killed left half copied is removed.

    :param fmt: the image's declared format
    :raises ImageRejected: not of this format, or not safe
    :raises NotEnoughDisk, ToolFailed:
    """
    image = inspect_image(image_path, fmt)
    try:
        base = base_path(image_path, image_id, instances_path=instances_path)
        os.makedirs(os.path.dirname(base), mode=0o711, exist_ok=True)
        os.makedirs(os.path.join(instances_path, _LOCKS), mode=0o711, exist_ok=True)
        _sweep(instances_path)
        with locked(_lock_path(base)):
            if not os.path.exists(base):
                _copy(image_path, image, base, server, progress)
    except OSError as error:
        raise os_failure(
            error,
            server=server,
            doing=f"keeping a base of {image_path}",
            folder=instances_path,
        ) from error
    return base


def _copy(
    image_path: str, image: InspectedImage, base: str, server: str, progress: Progress
) -> None:
    require_space(
        os.path.dirname(base),
        least_copy(image_path, image.virtual_size),
        server=server,
    )
    with part_of(base, server=server) as part:
        qemu_img.create(part, DiskFormat.RAW, image.virtual_size, server=server)
        qemu_img.convert(
            image_path,
            image.format,
            part,
            DiskFormat.RAW,
            server=server,
            existing=True,
            progress=progress,
        )


def _lock_path(base: str) -> str:
    instances_path = os.path.dirname(os.path.dirname(base))
    name = os.path.basename(base).removesuffix(_SUFFIX)
    return os.path.join(instances_path, _LOCKS, f"nova-xen-base-{name}")


def _sweep(instances_path: str) -> None:
    """Remove the half copies whose copier has died, known by its lock being free."""
    folder = os.path.join(instances_path, _BASES)
    for name in os.listdir(folder):
        base = os.path.join(folder, name.removeprefix(".").removesuffix(".part"))
        if name != os.path.basename(part_name(base)):
            continue
        held = try_lock(_lock_path(base))
        if held is not None:
            remove_file(part_name(base))
            os.close(held)
