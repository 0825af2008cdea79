# SPDX-License-Identifier: Apache-2.0
"""Volumes: files and block devices of the host that were made elsewhere."""

import errno
import os
import stat

from nova_xen import exceptions
from nova_xen.images.inspection.inspect import inspect_open
from nova_xen.images.inspection.opened import open_image
from nova_xen.model import DiskFormat, Volume

#: what the kernel tells of block devices, by their numbers
SYS_DEV_BLOCK = "/sys/dev/block"
_AS_RAW = "or say --volume-format raw, if the guest is to see these bytes as they are"


def identity_of(path: str) -> str | None:
    """What a file or block device is under all its names; None when there is none.

    A loop device is the file behind it.
    """
    try:
        return _identity(os.stat(path))
    except (OSError, ValueError):
        return None


def _identity(status: os.stat_result) -> str | None:
    if stat.S_ISREG(status.st_mode):
        return f"file {status.st_dev}:{status.st_ino}"
    if not stat.S_ISBLK(status.st_mode):
        return None
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    try:
        with open(f"{SYS_DEV_BLOCK}/{number}/loop/backing_file", "rb") as told:
            behind = os.stat(told.read().removesuffix(b"\n"))
    except OSError:
        return f"block {number}"
    return _identity(behind) if stat.S_ISREG(behind.st_mode) else f"block {number}"


def locate_volume(untrusted_path: str, server: str) -> Volume:
    """Find a volume; links are followed.

    :param untrusted_path: relative to the working folder when it is not absolute
    :raises VolumeRefused: it is neither a regular file nor a block device
    """
    if not untrusted_path:
        raise _refused(server, "''", "that is no path; give the path of a volume")
    path = os.path.abspath(untrusted_path)
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise _refused(
            server, path, f"it is not there ({why}), and Xen would not notice"
        ) from None
    identity = _identity(status)
    if identity is None:
        why = "it is neither a regular file nor a block device; give one of these"
        raise _refused(server, path, why)
    return Volume(
        path=path,
        real_path=os.path.realpath(path),
        identity=identity,
        block=stat.S_ISBLK(status.st_mode),
    )


def inspect_volume(
    volume: Volume, declared: DiskFormat | None, server: str
) -> DiskFormat:
    """The format to serve a volume in, or why it is refused.

    What is declared raw is the guest's own to the last byte: whatever stands in it,
    such as an encrypted file system, nothing of it is read on this host.

    :param declared: None takes what the bytes of a file prove, and raw for a device
    :raises VolumeRefused: not as declared, not safe to open, or used by this host
    :raises ImageUnchecked: a tool failed, not the volume
    """
    if volume.block:
        return _inspect_device(volume, declared, server)
    try:
        with open_image(volume.path) as image, image.unchanged():
            if declared is DiskFormat.RAW:
                return declared
            return inspect_open(image, declared).format
    except exceptions.ImageRejected as error:
        why = str(error.context["why"])
        if declared is None and why.startswith("its content is "):
            why = f"{why}, {_AS_RAW}"
        raise _refused(server, volume.path, why) from None


def inspect_medium(volume: Volume, server: str) -> None:
    """See that a file is an image of a CD.

    :raises VolumeRefused: it is none, or somebody writes to it
    :raises ImageUnchecked: a tool failed, not the image
    """
    try:
        with open_image(volume.path) as image, image.unchanged():
            if not inspect_open(image).iso:
                image.refuse("it is no ISO image; give one")
    except exceptions.ImageRejected as error:
        raise _refused(server, volume.path, str(error.context["why"])) from None


def _inspect_device(
    volume: Volume, declared: DiskFormat | None, server: str
) -> DiskFormat:
    if declared not in (None, DiskFormat.RAW):
        why = f"a block device is served raw and not as {declared}; use a file for that"
        raise _refused(server, volume.path, why)
    # without O_CREAT, open(2) says EBUSY for a device that is mounted, or part of
    # another one
    flags = os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        os.close(os.open(volume.path, flags))
    except OSError as error:
        why = f"it cannot be opened ({error.strerror}); check it"
        if error.errno == errno.EBUSY:
            why = (
                "this host uses it itself, mounted or as part of another device; "
                "unmount it first"
            )
        raise _refused(server, volume.path, why) from None
    return DiskFormat.RAW


def _refused(server: str, path: str, why: str) -> exceptions.VolumeRefused:
    return exceptions.VolumeRefused(server=server, volume=path, why=why)
