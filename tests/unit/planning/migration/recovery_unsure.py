# SPDX-License-Identifier: Apache-2.0
"""What a person decides, with both hosts to ask or with one of them silent.

A row has the states of the journals, what the source and the destination have in the
words of recovery_views, and the sentence, or how it is over and the steps.
"""

from nova_xen.model import MigrationState
from unit.planning.migration.recovery_views import AFTER, BEFORE, DURING, Row

S = MigrationState

#: a person must decide, and nothing is touched
UNSURE: dict[str, tuple[list[MigrationState], str, str, str]] = {
    "both run": (
        [*BEFORE, *DURING, *AFTER],
        "running kept run",
        "running run",
        "Server web1 runs on both hosts and both write to its disks: end one at once, "
        "with 'xl destroy 3' on this host or 'xl destroy 7' on host xen2, and check "
        "its file systems",
    ),
    "it ran there before it was paused": (
        AFTER,
        "running kept run",
        "paused kept paused",
        "has arrived on host xen2 and is paused there, while its old memory is on this "
        "host too: end the older one with 'xl destroy 3' on this host, or the other "
        "with 'xl destroy 7' on host xen2",
    ),
    "it ran there and is gone, the disks are newer than this memory": (
        AFTER,
        "off kept suspended",
        "none",
        "going on with it would damage the disks: end it with 'xl destroy 3'",
    ),
    "it ran there and is gone, and the source is held": (
        AFTER,
        "running kept held",
        "none",
        "going on with it would damage the disks: end it with 'xl destroy 3'",
    ),
    "a definition there proves that it ran there": (
        DURING,
        "off kept suspended",
        "off kept",
        "has run on host xen2 since its memory on this host was suspended",
    ),
    "it went on from there": (
        [*BEFORE, *DURING, *AFTER],
        "running kept run",
        "off suspended",
        "stands still on host xen2 (domain 7) as if it had moved on from there",
    ),
    "two run at the source": (
        [*BEFORE, *DURING, *AFTER],
        "running kept run run",
        "none",
        "has domains on this host that nova-xen cannot tell apart (3, 4)",
    ),
    "an old memory lies beside a running one": (
        [*BEFORE, *DURING, *AFTER],
        "running kept run suspended",
        "none",
        "cannot tell apart (3, 4)",
    ),
    "two run at the destination": (
        [*BEFORE, *DURING, *AFTER],
        "none",
        "running run run",
        "has domains on host xen2 that nova-xen cannot tell apart (7, 8)",
    ),
    "somebody else saves it": (
        BEFORE,
        "running kept suspended",
        "none",
        "wait for the program that saves it",
    ),
    "it runs where nobody brought it": (
        BEFORE,
        "paused kept paused",
        "running run",
        "runs on host xen2, where this migration has not brought it",
    ),
    "it is paused where nobody brought it": (
        BEFORE,
        "off kept",
        "paused paused",
        "is paused on host xen2 (domain 7), where this migration has not brought it",
    ),
    "two whole copies there": (
        DURING,
        "off kept",
        "paused paused paused",
        "cannot tell apart (7, 8)",
    ),
    "half of the only memory": (
        [*BEFORE, S.STOPPED, S.ABORTING, *AFTER],
        "off kept",
        "none paused",
        "this host has lost its memory and host xen2 has a copy that never became "
        "whole: end that with 'xl destroy 7' on host xen2",
    ),
}


SILENT: dict[str, Row] = {
    "it never stood still": (
        [S.COPYING],
        "running kept run",
        "silent",
        S.FAILED,
        [],
    ),
    "it never stood still and is shown as paused": (
        [S.COPYING],
        "paused kept run",
        "silent",
        S.FAILED,
        ["source restart-libvirtd"],
    ),
    "libvirt was not asked yet": (
        BEFORE,
        "running kept run",
        "silent",
        S.FAILED,
        ["source forget"],
    ),
    "libvirt was not asked yet and it was paused": (
        BEFORE,
        "paused kept paused",
        "silent",
        S.FAILED,
        ["source forget"],
    ),
    "libvirt was not asked yet and it ended": (
        BEFORE,
        "off kept",
        "silent",
        S.FAILED,
        ["source forget"],
    ),
    "it went on, and perhaps there too": (
        [S.STOPPED, S.ABORTING, *AFTER],
        "running kept run",
        "silent",
        S.UNDECIDED,
        [],
    ),
    "it stands still and is never let go": (
        [*BEFORE, *DURING, *AFTER],
        "off kept suspended",
        "silent",
        S.UNDECIDED,
        [],
    ),
    "it is held, and runs there perhaps": (
        [*DURING, *AFTER],
        "running kept held",
        "silent",
        S.UNDECIDED,
        [],
    ),
    "it left": ([*DURING, *AFTER], "off kept", "silent", S.UNDECIDED, []),
    "two at the source": (
        [*BEFORE, *DURING, *AFTER],
        "running run paused",
        "silent",
        S.UNDECIDED,
        [],
    ),
    "nothing came over yet": (
        BEFORE,
        "silent",
        "none",
        S.FAILED,
        ["destination forget"],
    ),
    "it runs there and is kept": (
        [*DURING, *AFTER],
        "silent",
        "running run",
        S.UNDECIDED,
        ["destination persist"],
    ),
    "it runs there and is shown": (
        [*DURING, *AFTER],
        "silent",
        "none run",
        S.UNDECIDED,
        ["destination restart-libvirtd"],
    ),
    "it runs there and is there for good": (
        [*DURING, *AFTER],
        "silent",
        "running kept run",
        S.UNDECIDED,
        [],
    ),
    "what came over stays as it is": (
        [*DURING, *AFTER],
        "silent",
        "incoming paused",
        S.UNDECIDED,
        [],
    ),
    "what came over whole stays as it is": (
        [*DURING, *AFTER],
        "silent",
        "paused paused",
        S.UNDECIDED,
        [],
    ),
    "neither can be asked": (
        [*BEFORE, *DURING, *AFTER],
        "silent",
        "silent",
        S.UNDECIDED,
        [],
    ),
}
