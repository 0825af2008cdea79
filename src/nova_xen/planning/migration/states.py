# SPDX-License-Identifier: Apache-2.0
"""The states of a migration as data: what may follow each, and which are its ends.

Every way leads to an end and none leads back, so a migration always terminates. The
states that are noted while libvirt works (STOPPED, FINISHING) may be passed over: a
small guest is there before anybody has looked.
"""

from collections.abc import Mapping
from types import MappingProxyType

from nova_xen.model import MigrationState

_S = MigrationState

#: the states that may follow each, by the facts: an abort may come too late
#: (ABORTING -> FINISHING, DONE), and where a person had to decide the guest is found
#: on one host in the end (UNDECIDED -> DONE, FAILED)
SUCCESSORS: Mapping[MigrationState, frozenset[MigrationState]] = MappingProxyType(
    {
        _S.CHECKING: frozenset({_S.PREPARING, _S.ABORTING, _S.FAILED}),
        _S.PREPARING: frozenset({_S.COPYING, _S.ABORTING, _S.FAILED, _S.UNDECIDED}),
        _S.COPYING: frozenset(
            {_S.STOPPED, _S.FINISHING, _S.ABORTING, _S.DONE, _S.FAILED, _S.UNDECIDED}
        ),
        _S.STOPPED: frozenset(
            {_S.FINISHING, _S.ABORTING, _S.DONE, _S.FAILED, _S.UNDECIDED}
        ),
        _S.ABORTING: frozenset(
            {_S.ABORTED, _S.FINISHING, _S.DONE, _S.FAILED, _S.UNDECIDED}
        ),
        _S.FINISHING: frozenset({_S.DONE, _S.ABORTED, _S.FAILED, _S.UNDECIDED}),
        _S.UNDECIDED: frozenset({_S.DONE, _S.FAILED}),
        _S.DONE: frozenset(),
        _S.ABORTED: frozenset(),
        _S.FAILED: frozenset(),
    }
)


def ended(state: MigrationState) -> bool:
    """Whether nothing follows; UNDECIDED waits for a person and is no end."""
    return not SUCCESSORS[state]


def require_successor(before: MigrationState, after: MigrationState) -> None:
    """Refuse a step that the table does not have, a state after itself too.

    :raises ValueError: the program is wrong; nothing that a person could do
    """
    if after in SUCCESSORS[before]:
        return
    allowed = ", ".join(sorted(SUCCESSORS[before])) or "nothing, since it has ended"
    raise ValueError(
        f"A migration that is {before} cannot become {after}; what may follow is "
        f"{allowed}."
    )
