# SPDX-License-Identifier: Apache-2.0
"""From the moments that were seen on both hosts to the states that they mean."""

from nova_xen.model import MigrationState


def follow(
    state: MigrationState, stopped: float | None, resumed: float | None
) -> dict[MigrationState, float]:
    """The states that a migration in ``state`` has entered since, and when.

    :param stopped: when the guest was suspended at the source (seconds since the
        epoch), None while it was not seen
    :param resumed: when it went on at the destination, likewise
    """
    entered = {}
    if state is MigrationState.COPYING and stopped is not None:
        entered[state := MigrationState.STOPPED] = stopped
    if state is MigrationState.STOPPED and resumed is not None:
        entered[MigrationState.FINISHING] = resumed
    return entered
