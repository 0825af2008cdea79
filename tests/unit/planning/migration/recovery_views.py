# SPDX-License-Identifier: Apache-2.0
"""Views of two hosts for the tests of recovery, in few words."""

from typing import Any

from nova_xen.model import (
    GuestView,
    LibvirtView,
    MigrationJournal,
    MigrationKind,
    MigrationState,
    RecoveryPlan,
    Side,
    XenDomain,
)

UUID = "aaaaaaaa-0000-4000-8000-000000000001"
HERE, THERE = 3, 7
BEFORE = [MigrationState.CHECKING, MigrationState.PREPARING]
DURING = [MigrationState.COPYING, MigrationState.STOPPED, MigrationState.ABORTING]
AFTER = [MigrationState.FINISHING, MigrationState.DONE]
Row = tuple[list[MigrationState], str, str, MigrationState, list[str]]
FLAGS: dict[str, dict[str, bool]] = {
    "run": {},
    "paused": {"paused": True},
    "held": {"paused": True},
    "suspended": {"suspended": True, "paused": True},
    "ended": {"ended": True},
    "dying": {"dying": True, "paused": True},
}


def journal(
    state: MigrationState, side: Side = Side.SOURCE, **changed: Any
) -> MigrationJournal:
    """A journal whose other host is xen2, or xen1 for the destination's."""
    given = {
        "id": "m1",
        "side": side,
        "uuid": UUID,
        "name": "web1",
        "peer": "xen2" if side is Side.SOURCE else "xen1",
        "uri": "xen+tls://xen2/system",
        "kind": MigrationKind.LIVE,
        "state": state,
        "updated": 1.0,
        "pid": 1,
        "boot_id": "b",
    }
    return MigrationJournal(**{**given, **changed})


def domain(domid: int, condition: str, uuid: str = UUID) -> XenDomain:
    """A Xen domain in one of the conditions of FLAGS."""
    return XenDomain(domid=domid, name="web1", uuid=uuid, **FLAGS[condition])


def view(
    side: Side,
    words: str,
    state: MigrationState | None,
    *,
    busy: bool = False,
) -> GuestView:
    """A view in words: libvirt's, then "kept", then conditions of Xen domains.

    "held" is one that its migration paused, and "was-held" tells that it is gone.
    As ``running kept run``, ``incoming paused``, ``none``.
    """
    libvirt, *rest = words.split()
    first = HERE if side is Side.SOURCE else THERE
    conditions = [word for word in rest if word in FLAGS]
    return GuestView(
        side=side,
        libvirt=LibvirtView(libvirt),
        persistent="kept" in rest,
        held=_held(first, rest, conditions),
        xen=tuple(domain(first + n, word) for n, word in enumerate(conditions)),
        journal=None if state is None else journal(state, side),
        busy=busy,
        # of the source nobody can tell, where a row does not
        boot_id="b" if side is Side.DESTINATION else "",
    )


def _held(first: int, words: list[str], conditions: list[str]) -> int | None:
    if "was-held" in words:
        return first + len(conditions)
    return first + conditions.index("held") if "held" in conditions else None


def source(words: str, state: MigrationState | None = MigrationState.COPYING) -> Any:
    """What the source has; ``silent`` when it cannot be asked."""
    return None if words == "silent" else view(Side.SOURCE, words, state)


def target(words: str, state: MigrationState | None = MigrationState.COPYING) -> Any:
    """What the destination has; ``silent`` when it cannot be asked."""
    return None if words == "silent" else view(Side.DESTINATION, words, state)


def told(plan: RecoveryPlan) -> list[str]:
    """The steps in words, as ``destination destroy 7``."""
    return [
        " ".join([step.side, step.action, *([str(step.domid)] if step.domid else [])])
        for step in plan.steps
    ]
