# SPDX-License-Identifier: Apache-2.0
"""Columns of migrations, and the values that stand in them.

The columns are a promise to programs that read them, which get bytes, seconds and
null; people get units and words.
"""

import datetime
from typing import TYPE_CHECKING, Any

from cliff.columns import FormattableColumn

from nova_xen.cli.cells import Pairs, Records
from nova_xen.cli.terminal import shown

if TYPE_CHECKING:
    from nova_xen.model import MigrationRecord, RecoveryPlan

    _Column = FormattableColumn[Any]
else:
    _Column = FormattableColumn  # generic in newer versions of cliff alone

MIGRATIONS = (
    "ID",
    "Server",
    "Destination",
    "Kind",
    "State",
    "Started",
    "Elapsed",
    "Sent",
    "Downtime",
)
MIGRATION = (
    "id",
    "server",
    "server_id",
    "source",
    "destination",
    "uri",
    "tunnelled",
    "kind",
    "mode",
    "memory_mib",
    "state",
    "why",
    "started",
    "elapsed",
    "entered",
    "bytes_sent",
    "passes",
    "downtime",
)
RECOVERED = ("State", "Result", "Steps")


class Seconds(_Column):
    """A span in seconds, or None; for people, with units."""

    def human_readable(self) -> str:
        from nova_xen.migration.report import duration

        return duration(self._value)


class Elapsed(_Column):
    """As seconds; None while it has not ended."""

    def human_readable(self) -> str:
        from nova_xen.migration.report import duration

        return "not ended" if self._value is None else duration(self._value)


class Bytes(_Column):
    """A number of bytes, or None; for people, with units."""

    def human_readable(self) -> str:
        from nova_xen.migration.report import size

        return size(self._value)


class Count(_Column):
    """A number, or None; for people, a word for it."""

    def human_readable(self) -> str:
        from nova_xen.migration.report import NOT_MEASURED

        return NOT_MEASURED if self._value is None else str(self._value)


def summary(record: "MigrationRecord") -> tuple[Any, ...]:
    """The row of :data:`MIGRATIONS`."""
    return (
        shown(record.id),
        shown(record.name),
        shown(record.destination),
        record.kind.value,
        record.state.value,
        _utc(record.started),
        Elapsed(_elapsed(record)),
        Bytes(record.bytes_sent),
        Seconds(record.downtime),
    )


def migration(record: "MigrationRecord") -> tuple[Any, ...]:
    """The values of :data:`MIGRATION`."""
    return (
        shown(record.id),
        shown(record.name),
        shown(record.uuid),
        shown(record.source),
        shown(record.destination),
        shown(record.uri),
        record.tunnelled,
        record.kind.value,
        record.mode.value,
        record.memory_mib,
        record.state.value,
        shown(record.why),
        _utc(record.started),
        Elapsed(_elapsed(record)),
        Pairs(_entered(record)),
        Bytes(record.bytes_sent),
        Count(record.passes),
        Seconds(record.downtime),
    )


def recovered(plan: "RecoveryPlan") -> tuple[Any, ...]:
    """The row of :data:`RECOVERED`."""
    steps = [
        {
            "host": step.side.value,
            "action": step.action.value,
            "domain_id": step.domid,
            "why": step.why,
        }
        for step in plan.steps
    ]
    return plan.state.value, shown(plan.sentence), Records(steps)


def _entered(record: "MigrationRecord") -> dict[str, float]:
    """Seconds after the start, by state, in the order in which they came."""
    began = sorted(record.entered.items(), key=lambda each: each[1])
    return {state.value: round(at - record.started, 3) for state, at in began}


def _elapsed(record: "MigrationRecord") -> float | None:
    return None if record.ended is None else round(record.ended - record.started, 3)


def _utc(at: float) -> str:
    found = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return found.strftime("%Y-%m-%d %H:%M:%S")
