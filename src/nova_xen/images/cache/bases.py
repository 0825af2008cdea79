# SPDX-License-Identifier: Apache-2.0
"""Bases: one copy of an image, below which many servers' overlays lie.

A base is raw and sparse whatever the image was, unless force_raw_images is off: one
format to open, and nothing to decompress while guests run. Either way it is written
by qemu-img here, so that no header of a stranger is below a guest's disk.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator

from nova_xen.images.cache.digest import record_sum_later
from nova_xen.images.cache.record import Record, read_record, write_record
from nova_xen.images.cache.store import (
    folder_of_kind,
    is_import,
    lock_of,
    make_folders,
    names,
)
from nova_xen.images.files.lock import present, try_lock
from nova_xen.images.files.part import part_name, part_of, remove_file
from nova_xen.images.files.space import least_copy, require_space
from nova_xen.images.inspection.inspect import inspect_image
from nova_xen.images.progress import Progress, no_progress
from nova_xen.images.tools import qemu_img
from nova_xen.images.tools.tool import os_failure
from nova_xen.model import CacheKind, DiskFormat


def base_path(
    image_path: str,
    image_id: str = "",
    *,
    instances_path: str,
    fmt: DiskFormat = DiskFormat.RAW,
) -> str:
    """Where the base of an image is or will be.

    :param image_id: names the content when given; else the file does, a downloaded one
        by its name, another by its place, inode, size and time of change
    :param fmt: the format it is kept in
    :raises OSError: no id, and no such file
    """
    key = f"id {image_id}" if image_id else _file_key(image_path)
    name = hashlib.sha256(os.fsencode(key)).hexdigest()
    return os.path.join(folder_of_kind(CacheKind.BASE, instances_path), f"{name}.{fmt}")


def _file_key(path: str) -> str:
    if is_import(path):
        return f"import {os.path.basename(path)}"
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
    """Have the base of an image made, raw, and return its path.

    Nothing keeps it from being removed afterwards; :func:`held_base` does.
    """
    with held_base(
        image_path,
        fmt,
        image_id,
        instances_path=instances_path,
        server=server,
        progress=progress,
    ) as base:
        return base


@contextlib.contextmanager
def held_base(
    image_path: str,
    fmt: DiskFormat | None,
    image_id: str = "",
    *,
    instances_path: str,
    server: str,
    kept_as: DiskFormat = DiskFormat.RAW,
    progress: Progress = no_progress,
) -> Iterator[str]:
    """Have the base of an image; it is not removed while the block runs.

    However many ask at once, in this process or in others, one copies and the others
    wait for it. What a process that was killed left half copied is removed.

    :param fmt: the image's declared format
    :param kept_as: the base's own format, raw or qcow2
    :raises ImageRejected: not of this format, or not safe
    :raises NotEnoughDisk, ToolFailed:
    """
    doing = f"keeping a base of {image_path}"
    with contextlib.ExitStack() as stack:
        try:
            base = base_path(
                image_path, image_id, instances_path=instances_path, fmt=kept_as
            )

            def make() -> None:
                _copy(image_path, fmt, base, kept_as, server, progress)

            make_folders(CacheKind.BASE, instances_path)
            sweep_bases(instances_path)
            stack.enter_context(present(lock_of(base), base, make))
            # the time of its last use, which ageing goes by
            os.utime(base)
        except OSError as error:
            raise os_failure(
                error, server=server, doing=doing, folder=instances_path
            ) from error
        yield base


def _copy(
    image_path: str,
    fmt: DiskFormat | None,
    base: str,
    kept_as: DiskFormat,
    server: str,
    progress: Progress,
) -> None:
    image = inspect_image(image_path, fmt)
    size = image.virtual_size
    require_space(os.path.dirname(base), least_copy(image_path, size), server=server)
    source = read_record(image_path).source if is_import(image_path) else image_path
    with part_of(base, server=server) as part:
        qemu_img.create(part, kept_as, size, server=server)
        qemu_img.convert(
            *(image_path, image.format, part, kept_as),
            server=server,
            size=size,
            progress=progress,
        )
        write_record(base, Record(source=source))
    record_sum_later(base)


def sweep_bases(instances_path: str) -> None:
    """Remove the half copies whose copier has died, known by its lock being free.

    :raises OSError: the file system refused
    """
    folder = folder_of_kind(CacheKind.BASE, instances_path)
    for name in names(folder):
        base = os.path.join(folder, name.removeprefix(".").removesuffix(".part"))
        if name != os.path.basename(part_name(base)):
            continue
        held = try_lock(lock_of(base))
        if held is not None:
            try:
                remove_file(part_name(base))
            finally:
                os.close(held)
