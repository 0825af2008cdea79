# SPDX-License-Identifier: Apache-2.0
"""What puts the remains of a dead migration right: steps on one host or the other."""

import dataclasses
import enum

from nova_xen.model.migration import MigrationState
from nova_xen.model.remains import Side


class RecoveryAction(enum.StrEnum):
    """Each was seen to work on real Xen for the remains it is meant for."""

    #: end a Xen domain that libvirt does not see or cannot touch (``xl destroy``)
    DESTROY = "destroy"
    #: let a domain go on that was suspended or paused for a copy and never left
    RESUME = "resume"
    #: let a paused domain go on
    UNPAUSE = "unpause"
    #: start a server from its disks, of which no memory can be used any more
    START = "start"
    #: the one way to clear a record with id -1 and to see orphans again
    RESTART_LIBVIRTD = "restart-libvirtd"
    #: keep the definition, which a migration that was cut left transient
    PERSIST = "persist"
    #: define the server again, as the journal has it
    DEFINE = "define"
    #: forget a definition of a server that lives on the other host
    UNDEFINE = "undefine"
    #: remove the journal of this migration
    FORGET = "forget"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecoveryStep:
    """One thing to do on one host; ``why`` is for a person."""

    side: Side
    action: RecoveryAction
    domid: int | None = None
    why: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecoveryPlan:
    """What to do, in order, and where the server then is.

    ``state`` is DONE when it lives at the destination, FAILED when it lives at the
    source, UNDECIDED when a person must decide; ``sentence`` says it and, for the
    last, the one thing to decide and how.
    """

    state: MigrationState
    sentence: str
    steps: tuple[RecoveryStep, ...] = ()
