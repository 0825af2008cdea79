# SPDX-License-Identifier: Apache-2.0
"""How long a migration may take, and what is done when it takes longer."""

import dataclasses

from nova_xen.model import MigrationOptions, MigrationRequest, TimeoutAction

#: Nova counts no guest as smaller (LibvirtDriver._live_migration_data_gb)
LEAST_GIB = 2
_MIB_PER_GIB = 1024


@dataclasses.dataclass(frozen=True)
class TimeoutPlan:
    """``seconds`` that a migration may take, 0 for ever, and what to do then."""

    seconds: int
    action: TimeoutAction

    def due(self, elapsed: float, *, forced: bool = False) -> TimeoutAction | None:
        """What is due now; None for nothing. It must be asked again and again.

        Completion is forced once and then has as long again before the migration is
        aborted, whether it could be forced or not.

        :param elapsed: seconds since it began
        :param forced: whether completion was forced already, by the clock or a person
        """
        if self.seconds <= 0 or elapsed < self.seconds:
            return None
        match self.action:
            case TimeoutAction.ABORT:
                return TimeoutAction.ABORT
            case TimeoutAction.FORCE_COMPLETE:
                if elapsed >= 2 * self.seconds:
                    return TimeoutAction.ABORT
                return None if forced else TimeoutAction.FORCE_COMPLETE


def decide_timeout(
    request: MigrationRequest, options: MigrationOptions, memory_mib: int
) -> TimeoutPlan:
    """What was asked for, else the options.

    The option's seconds are for each GiB of memory as Nova counts them: at least 2,
    and no disks, since these are shared.
    """
    gib = max(memory_mib / _MIB_PER_GIB, LEAST_GIB)
    scaled = int(options.completion_timeout * gib)
    return TimeoutPlan(
        seconds=scaled if request.timeout is None else request.timeout,
        action=request.timeout_action or options.timeout_action,
    )
