# SPDX-License-Identifier: Apache-2.0
"""The folders of servers and of migrations: there, writable, large, and safe."""

import dataclasses
from collections.abc import Iterator

from nova_xen.model import GIB, MIB
from nova_xen.model.doctor import Finding, FolderFacts, MountFacts
from nova_xen.planning.doctor.words import advice, ok, problem, size
from nova_xen.planning.file_systems import NFS, SHARED

#: file systems that are gone after a reboot
_VOLATILE = {"tmpfs", "ramfs"}
#: options by which an NFS client tells programs of an error and drops what they wrote
_SOFT = ("soft", "softerr")
#: options by which locks hold on one host alone
_LONELY = ("nolock", "local_lock=all", "local_lock=flock")


@dataclasses.dataclass(frozen=True)
class Needs:
    """Bytes below which a folder is of no use, and below which it soon may be."""

    least: int
    advised: int


SERVERS = Needs(least=100 * MIB, advised=5 * GIB)
STATE = Needs(least=4 * MIB, advised=100 * MIB)


def servers(facts: FolderFacts) -> Iterator[Finding]:
    """Where disks are."""
    check = "instances-path"
    found = [*_usable(check, facts, SERVERS), *_nfs(check, facts)]
    yield from found or [_well(check, facts)]


def migrations(facts: FolderFacts) -> Iterator[Finding]:
    """Where the journals are, which tell after a reboot who has a server."""
    check = "migration-state"
    found = [*_usable(check, facts, STATE), *_own_disk(check, facts)]
    yield from found or [_well(check, facts)]


def _well(check: str, facts: FolderFacts) -> Finding:
    free = "" if facts.free is None else f" has {size(facts.free)} free"
    return ok(check, f"{facts.path}{free or ' can be used'}{_on(facts.mount)}.")


def _on(mount: MountFacts | None) -> str:
    return "" if mount is None else f" ({mount.kind}, {mount.source})"


def _usable(check: str, facts: FolderFacts, needs: Needs) -> Iterator[Finding]:
    option = f"the option {facts.option}"
    if not facts.folder:
        yield problem(
            check,
            f"{facts.nearest} is no folder, and {option} is {facts.path}.",
            f"Move it away, or correct {option}.",
        )
    elif not facts.writable:
        how = "be written to" if facts.exists else f"be made in {facts.nearest}"
        yield problem(
            check,
            f"{facts.path} cannot {how} by this user.",
            "Run this as root, and see that the file system is not mounted read-only.",
        )
    elif facts.free is not None and facts.free < needs.advised:
        yield _short(check, facts, facts.free, needs)


def _short(check: str, facts: FolderFacts, free: int, needs: Needs) -> Finding:
    fix = f"Free some space, or set the option {facts.option} to a larger disk."
    has = f"{facts.path} has {size(free)} free{_on(facts.mount)}"
    if free < needs.least:
        return problem(check, f"{has}, less than {size(needs.least)}.", fix)
    return advice(check, f"{has}; {size(needs.advised)} or more are advised.", fix)


def _nfs(check: str, facts: FolderFacts) -> Iterator[Finding]:
    mount = facts.mount
    if mount is None or mount.kind not in NFS:
        return
    at = f"{facts.path} is on NFS ({mount.source})"
    if soft := next((each for each in _SOFT if each in mount.options), None):
        yield advice(
            check,
            f"{at}, mounted {soft}: when the NFS server is away for a while, guests "
            "lose what they have written.",
            f"Mount {mount.point} with the option hard.",
        )
    if alone := next((each for each in _LONELY if each in mount.options), None):
        yield advice(
            check,
            f"{at}, mounted {alone}: locks hold on this host alone, and two hosts may "
            "work on the same image at once.",
            f"Mount {mount.point} without that option.",
        )


def _own_disk(check: str, facts: FolderFacts) -> Iterator[Finding]:
    mount = facts.mount
    if mount is None:
        return
    fix = f"Set the option {facts.option} to a folder on a disk of this host."
    if mount.kind in SHARED:
        yield problem(
            check,
            f"{facts.path} is on {mount.kind} ({mount.source}), which another host may "
            "have too, and each needs journals of its own.",
            fix,
        )
    elif mount.kind in _VOLATILE:
        yield problem(
            check,
            f"{facts.path} is on {mount.kind}, which is empty after a reboot: nobody "
            "knows then which host has a server.",
            fix,
        )
