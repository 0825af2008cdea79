# SPDX-License-Identifier: Apache-2.0
"""Which file systems of a disk are the guest's, and mounting them safely."""

import contextlib
import dataclasses
from collections.abc import Iterable
from typing import Protocol

from nova_xen.injection.guest.handle import Reader
from nova_xen.injection.guest.nodes import locate
from nova_xen.injection.guest.problems import Failed, Refused

DISK = "/dev/sda"
INSPECT, WHOLE = -1, 0
#: no device node of the guest is one of the appliance's
_OPTIONS = "nodev,nosuid,noexec"
_LVM = "LVM2_member"
_NO_OWNERS = frozenset({"vfat", "msdos", "exfat", "ntfs"})
_OPTION = (
    "set inject_partition to the right one, or to -1 to have it looked for; with a "
    "kernel of the host it is the one that os_command_line names (root=/dev/xvdaN)"
)


class Mounter(Reader, Protocol):
    """The calls of libguestfs that are used before anything is mounted."""

    def inspect_os(self) -> list[str]: ...
    def inspect_get_mountpoints(self, root: str) -> dict[str, str]: ...
    def inspect_get_product_name(self, root: str) -> str: ...
    def list_partitions(self) -> list[str]: ...
    def lvs(self) -> list[str]: ...
    def vfs_type(self, mountable: str) -> str: ...
    def mount_options(self, options: str, mountable: str, mountpoint: str) -> None: ...


@dataclasses.dataclass(frozen=True)
class Mount:
    """A file system of kind ``kind`` (libblkid's word) that belongs to a folder."""

    folder: str
    device: str
    kind: str
    #: where the guest's links lead from ``folder``, once it is mounted
    place: str = ""

    @property
    def owners(self) -> bool:
        """Whether its files have owners and modes."""
        return self.kind not in _NO_OWNERS


def find_mounts(handle: Mounter, partition: int) -> tuple[Mount, ...]:
    """The guest's file systems, that of ``/`` first.

    :param partition: by Nova's numbers
    :raises Refused: it is not there, or not one system is
    """
    if partition == INSPECT:
        return _inspected(handle)
    device = DISK if partition == WHOLE else f"{DISK}{partition}"
    kind = _kind(handle, device)
    if not kind and partition != WHOLE:
        _require(handle, partition)
    return (_inside(handle, device, kind),)


def mount(handle: Mounter, mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
    """Mount the first, which is the guest's root, and of the others what can be.

    A guest boots without what its fstab says may fail, and it is the guest that says
    where the others belong: each is mounted where the guest would, or not at all.

    :returns: those that are mounted
    :raises Refused: the root is damaged, or of a kind the appliance does not know
    """
    root, *others = mounts
    try:
        handle.mount_options(_OPTIONS, root.device, root.folder)
    except RuntimeError as error:
        raise Refused(
            f"the file system on {root.device} cannot be mounted ({last_line(error)})",
            "repair the image, or use a config drive",
        ) from error
    done = [dataclasses.replace(root, place=root.folder)]
    for each in others:
        place = _place(handle, each.folder)
        if place is None:
            continue
        with contextlib.suppress(RuntimeError):
            handle.mount_options(_OPTIONS, each.device, place)
            done.append(dataclasses.replace(each, place=place))
    return tuple(done)


def _place(handle: Mounter, folder: str) -> str | None:
    """The folder of the guest that is meant, links followed as the guest follows."""
    try:
        found = locate(handle, f"{folder.rstrip('/')}/.")
    except Refused:
        return None
    return None if found.missing else found.folder


def mount_of(path: str, mounts: Iterable[Mount]) -> Mount:
    """The mount that a path lies in, which has no links in it."""
    inside = (
        each
        for each in mounts
        if each.place in ("/", path) or path.startswith(f"{each.place}/")
    )
    return max(inside, key=lambda each: len(each.place))


def _inspected(handle: Mounter) -> tuple[Mount, ...]:
    try:
        roots = handle.inspect_os()
    except RuntimeError as error:
        raise Failed(last_line(error), "looking for its system") from error
    if not roots:
        raise Refused("no system was found on the disk", _OPTION)
    if len(roots) > 1:
        named = ", ".join(f"{root} ({_product(handle, root)})" for root in roots)
        raise Refused(f"there are {len(roots)} systems on the disk: {named}", _OPTION)
    # what the guest's fstab says of its root is not to be relied on
    found = {**handle.inspect_get_mountpoints(roots[0]), "/": roots[0]}
    return tuple(
        Mount(folder, found[folder], _kind(handle, found[folder]))
        for folder in sorted(found, key=len)
    )


def _product(handle: Mounter, root: str) -> str:
    try:
        return handle.inspect_get_product_name(root)
    except RuntimeError:
        return "unknown"


def _require(handle: Mounter, number: int) -> None:
    """Refuse a partition that is not there."""
    found = handle.list_partitions()
    if f"{DISK}{number}" in found:
        return
    numbers = ", ".join(each.removeprefix(DISK) for each in found)
    have = f"its partitions are {numbers}" if found else "it has no partitions"
    raise Refused(f"the disk has no partition {number}; {have}", _OPTION)


def _inside(handle: Mounter, device: str, kind: str) -> Mount:
    """The device's own file system, or that of the one logical volume in it."""
    if kind == _LVM:
        volumes = handle.lvs()
        if len(volumes) == 1:
            return Mount("/", volumes[0], _kind(handle, volumes[0]))
        named = ", ".join(volumes) or "none"
        raise Refused(
            f"{device} belongs to LVM, and its volumes are {named}",
            "set inject_partition to -1 to have the system looked for",
        )
    if not kind:
        raise Refused(f"{device} has no file system that libguestfs knows", _OPTION)
    if kind in ("swap", "crypto_LUKS"):
        raise Refused(f"{device} is {kind} and no file system", _OPTION)
    return Mount("/", device, kind)


def _kind(handle: Mounter, device: str) -> str:
    """What libblkid calls it; empty when it is not there or not known."""
    try:
        return handle.vfs_type(device)
    except RuntimeError:
        return ""


def last_line(error: RuntimeError) -> str:
    """libguestfs's own sentence, without the name of the call."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else "it said nothing"
    return text.rstrip(". ")
