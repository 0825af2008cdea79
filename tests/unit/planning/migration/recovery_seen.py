# SPDX-License-Identifier: Apache-2.0
"""What both hosts have and what is then sure.

A row has the states of the journals, what the source and the destination have in the
words of recovery_views, and how it is over and the steps.
"""

from nova_xen.model import MigrationState
from unit.planning.migration.recovery_views import AFTER, BEFORE, DURING, Row

S = MigrationState
FORGET = ["destination forget", "source forget"]

#: what was seen on real Xen, and what a dead process leaves at each state
SEEN: dict[str, Row] = {
    "the process died and nothing else": (
        [*BEFORE, *DURING, *AFTER],
        "running kept run",
        "none",
        S.FAILED,
        FORGET,
    ),
    "the source's libvirtd died in mid-copy": (
        DURING,
        "running kept run",
        "incoming",
        S.FAILED,
        ["destination restart-libvirtd"],
    ),
    "and its arriving domain is still there": (
        DURING,
        "running kept run",
        "incoming paused",
        S.FAILED,
        ["destination destroy 7", "destination restart-libvirtd"],
    ),
    "the destination's libvirtd was killed": (
        DURING,
        "running kept run",
        "none paused",
        S.FAILED,
        ["destination destroy 7"],
    ),
    "it was whole there and not let go": (
        DURING,
        "running kept run",
        "paused paused",
        S.FAILED,
        ["destination destroy 7"],
    ),
    "the source runs and is shown as paused": (
        [*BEFORE, *DURING],
        "paused kept run",
        "none",
        S.FAILED,
        ["source restart-libvirtd"],
    ),
    "the source was left suspended by a refused restore": (
        DURING,
        "paused kept suspended",
        "none",
        S.FAILED,
        ["source resume 3"],
    ),
    "the source's libvirtd died in the last pass": (
        DURING,
        "off kept suspended",
        "incoming",
        S.FAILED,
        ["destination restart-libvirtd", "source resume 3"],
    ),
    "it was whole there and the source stands still": (
        DURING,
        "off kept suspended",
        "paused paused",
        S.FAILED,
        ["destination destroy 7", "source resume 3"],
    ),
    "the resumed source is shown as it was": (
        DURING,
        "off kept run",
        "none",
        S.FAILED,
        ["source restart-libvirtd"],
    ),
    "it arrived and all is done": (
        [*DURING, *AFTER],
        "none",
        "running kept run",
        S.DONE,
        FORGET,
    ),
    "it arrived and is not defined there": (
        [*DURING, *AFTER],
        "none",
        "running run",
        S.DONE,
        ["destination persist"],
    ),
    "the source's libvirtd died after it arrived": (
        [*DURING, *AFTER],
        "off kept suspended",
        "running kept run",
        S.DONE,
        ["source destroy 3", "source undefine"],
    ),
    "it arrived and the source is defined": (
        [*DURING, *AFTER],
        "off kept",
        "running run",
        S.DONE,
        ["destination persist", "source undefine"],
    ),
    "it arrived and libvirt does not see it": (
        [*DURING, *AFTER],
        "off kept suspended",
        "none run",
        S.DONE,
        ["destination restart-libvirtd"],
    ),
    "an older orphan lies beside it": (
        [*DURING, *AFTER],
        "none",
        "running kept run paused",
        S.DONE,
        ["destination destroy 8"],
    ),
    "the source's host lost power in mid-copy": (
        [S.COPYING],
        "off kept",
        "incoming paused",
        S.FAILED,
        ["destination destroy 7", "destination restart-libvirtd"],
    ),
    "the source's host lost power once all was over": (
        DURING,
        "off kept",
        "paused paused",
        S.DONE,
        ["destination unpause 7"],
    ),
    "it was shut down while it moved": (
        [*BEFORE, *DURING],
        "off kept",
        "none",
        S.FAILED,
        FORGET,
    ),
    "it arrived and was shut down there": (
        [*DURING, *AFTER],
        "off kept",
        "off kept",
        S.DONE,
        ["source undefine"],
    ),
    "it arrived there and lives there off": (
        [*DURING, *AFTER],
        "none",
        "off kept",
        S.DONE,
        FORGET,
    ),
    "it was transient and ended": (
        [*BEFORE, *DURING, *AFTER],
        "none",
        "none",
        S.FAILED,
        FORGET,
    ),
    "it ran there for a moment and the source was resumed": (
        DURING,
        "running kept run",
        "off kept",
        S.FAILED,
        ["destination undefine"],
    ),
    "it ended there and the source was resumed": (
        DURING,
        "running kept run",
        "off ended",
        S.FAILED,
        ["destination destroy 7"],
    ),
    "a domain that dies there is waited for by nobody": (
        DURING,
        "running kept run",
        "none dying",
        S.FAILED,
        FORGET,
    ),
    "somebody paused it here": (
        [*BEFORE, *DURING],
        "paused kept paused",
        "none",
        S.FAILED,
        FORGET,
    ),
    "somebody paused it there": (
        AFTER,
        "off kept",
        "paused paused",
        S.DONE,
        ["destination persist", "source undefine"],
    ),
    "before libvirt was asked, a domain there is another's": (
        BEFORE,
        "running kept run",
        "paused kept paused",
        S.FAILED,
        FORGET,
    ),
    "before libvirt was asked, a definition there is another's": (
        BEFORE,
        "running kept run",
        "off kept",
        S.FAILED,
        FORGET,
    ),
    "an orphan of an earlier migration goes at any time": (
        BEFORE,
        "running kept run",
        "none paused",
        S.FAILED,
        ["destination destroy 7"],
    ),
}
