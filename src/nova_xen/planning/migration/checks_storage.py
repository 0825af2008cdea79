# SPDX-License-Identifier: Apache-2.0
"""What the destination must have that the guest is plugged into."""

import posixpath
from collections.abc import Iterator

from nova_xen.planning.migration.case import Case, listed


def storage(case: Case) -> Iterator[str]:
    """What was written beside the disks here must be read there."""
    found = case.there.proofs
    for path, token in case.proofs.items():
        folder = posixpath.dirname(path)
        if token is None:
            yield f"nothing can prove that {folder} is shared, it cannot be read here"
        elif found.get(path) is None:
            yield (
                f"{folder} is not the same on {case.there.hostname}: what was written "
                "here is not there (mount the same storage on both hosts)"
            )
        elif found[path] != token:
            yield (
                f"{folder} is not the same on {case.there.hostname}: it has other "
                "content there (mount the same storage on both hosts)"
            )
    yield from _unproved(case)


def _unproved(case: Case) -> Iterator[str]:
    proved = {posixpath.dirname(path) for path in case.proofs}
    files = [path for disk in case.guest.disks if not disk.block for path in disk.files]
    folders = dict.fromkeys(map(posixpath.dirname, files))
    for folder in [each for each in folders if each not in proved]:
        yield f"nothing proves that {folder} is the same on {case.there.hostname}"


def files(case: Case) -> Iterator[str]:
    """Xen starts a guest without the disk whose file is missing, and says nothing."""
    if case.there.missing:
        yield f"{case.there.hostname} does not have {listed(case.there.missing)}"


def bridges(case: Case) -> Iterator[str]:
    """libxl fails after a minute: Domain is not running on destination host."""
    missing = [each for each in case.guest.bridges if each not in case.there.bridges]
    if missing:
        yield (
            f"{case.there.hostname} has no bridge {listed(missing)} (its bridges: "
            f"{listed(case.there.bridges)})"
        )
