# SPDX-License-Identifier: Apache-2.0
"""Bases: one copy of an image, below which many servers' overlays lie.

A base is raw and sparse whatever the image was, unless force_raw_images is off: one
format to open, and nothing to decompress while guests run. Either way it is written
by qemu-img here, so that no header of a stranger is below a guest's disk.
"""

import contextlib
import dataclasses
import functools
import hashlib
import os
from collections.abc import Iterator

from nova_xen.images.cache.digest import record_sum_later
from nova_xen.images.cache.record import Record, read_record, write_record
from nova_xen.images.cache.source import open_source, require_sum
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
from nova_xen.images.inspection.inspect import inspect_open
from nova_xen.images.inspection.opened import OpenImage, identity
from nova_xen.images.progress import Progress, no_progress
from nova_xen.images.tools import qemu_img
from nova_xen.images.tools.tool import os_failure
from nova_xen.model import CacheKind, Checksum, DiskFormat


def base_path(
    image_path: str,
    image_id: str = "",
    *,
    instances_path: str,
    fmt: DiskFormat = DiskFormat.RAW,
    checksum: Checksum | None = None,
    status: os.stat_result | None = None,
) -> str:
    """Where the base of an image is or will be.

    :param image_id: names the content when given; else the file does, a downloaded one
        by its name, another by its place, inode, size and times of change
    :param fmt: the format it is kept in
    :param checksum: what the image was declared to amount to; a base that was made of
        it without one is another
    :param status: of the image's file when it is open; else its name is looked up
    :raises OSError: no id, and no such file
    """
    key = (
        f"id {image_id}" if image_id else _file_key(image_path, instances_path, status)
    )
    if checksum is not None:
        key = f"{key} {checksum}"
    name = hashlib.sha256(os.fsencode(key)).hexdigest()
    return os.path.join(folder_of_kind(CacheKind.BASE, instances_path), f"{name}.{fmt}")


def _file_key(path: str, instances_path: str, status: os.stat_result | None) -> str:
    """The time of the last change of the inode is the one that nobody can set."""
    if is_import(path, instances_path):
        return f"import {os.path.basename(path)}"
    real = os.path.realpath(path)
    _device, *rest = identity(status or os.stat(real))
    return " ".join(["file", real, *map(str, rest)])


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
    checksum: Checksum | None = None,
    progress: Progress = no_progress,
) -> Iterator[str]:
    """Have the base of an image; it is not removed while the block runs.

    However many ask at once, in this process or in others, one copies and the others
    wait for it. What a process that was killed left half copied is removed.

    :param fmt: the image's declared format
    :param kept_as: the base's own format, raw or qcow2
    :param checksum: what the image's bytes were declared to amount to
    :raises ImageRejected: not of this format, not of this checksum, or not safe
    :raises ImageUnchecked, NotEnoughDisk, ToolFailed:
    """
    copier = _Copier(
        path=image_path,
        fmt=fmt,
        instances_path=instances_path,
        server=server,
        kept_as=kept_as,
        checksum=checksum,
        progress=progress,
    )
    doing = f"keeping a base of {image_path}"
    with contextlib.ExitStack() as stack:
        try:
            make_folders(CacheKind.BASE, instances_path)
            sweep_bases(instances_path)
            base = stack.enter_context(copier.held(image_id))
            # the time of its last use, which ageing goes by
            os.utime(base)
        except OSError as error:
            raise os_failure(
                error, server=server, doing=doing, folder=instances_path
            ) from error
        yield base


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Copier:
    """Makes the base of an image unless it is there."""

    path: str
    fmt: DiskFormat | None
    instances_path: str
    server: str
    kept_as: DiskFormat
    checksum: Checksum | None
    progress: Progress

    @contextlib.contextmanager
    def held(self, image_id: str) -> Iterator[str]:
        """The base, which stays during the block.

        What the file is named by is asked of the file that is then copied; an image
        with an id has its base although the file is gone.
        """
        if image_id:
            base = self._base_path(image_id)
            make = functools.partial(self._open_and_copy, base)
            with present(lock_of(base), base, make):
                yield base
            return
        with open_source(self.path, self.instances_path) as image:
            base = self._base_path("", image.status)
            make = functools.partial(self._copy, base, image)
            with present(lock_of(base), base, make):
                yield base

    def _base_path(self, image_id: str, status: os.stat_result | None = None) -> str:
        return base_path(
            self.path,
            image_id,
            instances_path=self.instances_path,
            fmt=self.kept_as,
            checksum=self.checksum,
            status=status,
        )

    def _open_and_copy(self, base: str) -> None:
        with open_source(self.path, self.instances_path) as image:
            self._copy(base, image)

    def _copy(self, base: str, image: OpenImage) -> None:
        with part_of(base, server=self.server) as part:
            with image.unchanged():
                self._fill(part, image)
            write_record(base, Record(source=self._source()))
        record_sum_later(base)

    def _fill(self, part: str, image: OpenImage) -> None:
        require_sum(image, self.checksum, self.progress)
        found = inspect_open(image, self.fmt)
        size = found.virtual_size
        need = least_copy(image.status, size)
        require_space(os.path.dirname(part), need, server=self.server)
        qemu_img.create(part, self.kept_as, size, server=self.server)
        qemu_img.convert(
            *(image.file, found.format, part, self.kept_as),
            server=self.server,
            size=size,
            progress=self.progress,
        )

    def _source(self) -> str:
        if is_import(self.path, self.instances_path):
            return read_record(self.path).source
        return self.path


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
