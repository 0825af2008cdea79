# SPDX-License-Identifier: Apache-2.0
"""What is told of a migration that did not end with the server at the destination."""

from nova_xen import exceptions
from nova_xen.model import MigrationRecord, MigrationState, RecoveryPlan


class Interrupted(exceptions.NovaXenError):
    """A signal ended it between two of its steps."""

    msg_fmt = "Its process was interrupted."


def defect(error: Exception, server: str) -> exceptions.HypervisorError:
    """What nobody foresaw must not leave a migration without an end either."""
    return exceptions.HypervisorError(
        doing="migrating",
        server=f" server {server}",
        why=f"{type(error).__name__}: {error}; the log has more",
        code=None,
    )


def failure(
    record: MigrationRecord, plan: RecoveryPlan, why: str
) -> exceptions.NovaXenError:
    """What is told of a migration that ended this way."""
    name, destination = record.name, record.destination
    where = plan.sentence.rstrip(".")
    match record.state:
        case MigrationState.ABORTED:
            return exceptions.MigrationAborted(
                server=name, destination=destination, why=record.why, where=where
            )
        case MigrationState.UNDECIDED:
            return exceptions.MigrationUndecided(
                server=name, destination=destination, why=why, advice=where
            )
    return exceptions.MigrationFailed(
        server=name, destination=destination, why=why, where=where
    )
