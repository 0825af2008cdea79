# SPDX-License-Identifier: Apache-2.0
"""The process that writes one disk: ``python -m nova_xen.injection.guest.worker FD``.

Its request is a line of JSON on standard input; what it is doing and how it ended
are lines of JSON on standard output. FD is a pipe whose other end its parent holds.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from nova_xen.injection.guest import appliance, partitions, selinux
from nova_xen.injection.guest.crypt import hash_password
from nova_xen.injection.guest.decide import decide
from nova_xen.injection.guest.facts import FSTAB, GuestFacts
from nova_xen.injection.guest.fstab import mount_points
from nova_xen.injection.guest.gather import gather_facts
from nova_xen.injection.guest.guardian import guarded
from nova_xen.injection.guest.partitions import Mount, mount_of
from nova_xen.injection.guest.problems import Failed, Problem, Refused
from nova_xen.injection.guest.request import Request, from_line
from nova_xen.injection.guest.tree import Tree

Say = Callable[[str], None]
_DAY = 24 * 60 * 60


def work(request: Request, say: Say) -> None:
    """Write one disk.

    :raises Problem: it could not be done; the disk is to be thrown away
    """
    say("starting its appliance")
    with contextlib.closing(appliance.start(request, say)) as handle:
        try:
            _judged(handle, request, say)
        except RuntimeError as error:
            raise Failed(partitions.last_line(error), "writing into it") from error
        say("closing the disk")
        appliance.stop(handle)


def _judged(handle: Any, request: Request, say: Say) -> None:
    """Write, and blame the image only while there is an appliance to judge it.

    An appliance that ended makes calls fail as a damaged image does.

    :raises Failed: it ended
    """
    try:
        _write(handle, request, say)
    except Refused as refused:
        try:
            handle.ping_daemon()
        except RuntimeError:
            why = f"its appliance ended ({refused.why})"
            raise Failed(why, "writing into it") from refused
        raise
    except UnicodeDecodeError as error:
        # libguestfs's binding gives every string as text
        raise Refused("a name or a link in it is no UTF-8") from error


def _write(handle: Any, request: Request, say: Say) -> None:
    say("looking for the file system")
    found = partitions.find_mounts(handle, request.partition)
    mounts = partitions.mount(handle, found)
    say("looking at the guest")
    facts = gather_facts(handle)
    edits = decide(
        request.setup,
        request.nics,
        facts,
        template=request.template,
        today=int(time.time()) // _DAY,
        hasher=hash_password,
        owners=mounts[0].owners,
    )
    tree = _tree(handle, mounts, facts)
    for edit in edits:
        say(f"writing {edit.path}")
        tree.apply([edit])


def _tree(handle: Any, mounts: tuple[Mount, ...], facts: GuestFacts) -> Tree:
    def owners(path: str) -> bool:
        return mount_of(path, mounts).owners

    covered = mount_points(facts.text(FSTAB)) - {each.folder for each in mounts}
    labels = selinux.is_labelled(facts)
    return Tree(handle, owners, labels=labels, covered=covered)


def main() -> int:
    """Do what is asked on standard input."""
    output = os.dup(sys.stdout.fileno())
    # whatever libraries print goes elsewhere
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    line = sys.stdin.buffer.readline()
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    request = from_line(line)
    return guarded(
        lambda: _answer(request, output),
        lifeline=int(sys.argv[1]),
        folder=request.folder,
    )


def _answer(request: Request, output: int) -> None:
    def tell(**what: Any) -> None:
        os.write(output, json.dumps(what).encode() + b"\n")

    doing = "starting"

    def say(what: str) -> None:
        nonlocal doing
        doing = what
        tell(doing=what)

    try:
        work(request, say)
    except Problem as problem:
        other = doing if isinstance(problem, Failed) else problem.other
        tell(problem=problem.kind, why=problem.why, other=other)
    else:
        tell(done=True)


if __name__ == "__main__":
    sys.exit(main())
