# SPDX-License-Identifier: Apache-2.0
"""Migrations as Prometheus reads them, in a file for node_exporter.

node_exporter's textfile collector takes files that end in ``.prom``. What was not
measured has no line; there is never a 0 in its place.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from nova_xen.migration.history import History
from nova_xen.migration.whole import replace
from nova_xen.model import (
    MIB,
    MigrationProgress,
    MigrationRecord,
    MigrationState,
)

PREFIX = "nova_xen_migration"
LABELS = ("server", "uuid", "destination")
#: what stays as it is; UNDECIDED may still become one of them
ENDED = (MigrationState.DONE, MigrationState.ABORTED, MigrationState.FAILED)
Running = Mapping[str, MigrationProgress]

#: name, what it is; in the order of :func:`_values`
_GAUGES = (
    ("start_time_seconds", "When it began, seconds since the epoch."),
    ("elapsed_seconds", "How long it has taken, or took."),
    ("memory_bytes", "Memory of the guest."),
    ("bytes_sent", "Bytes that the destination has acknowledged."),
    ("rate_bytes", "Bytes a second over the last seconds; while it runs."),
    ("dirty_rate_bytes", "Bytes a second that are sent again; while it runs."),
    ("passes", "How often memory has gone over at least."),
    ("remaining_estimate_seconds", "Time left, an estimate; while it runs."),
    ("downtime_seconds", "How long the guest stood still, measured on both hosts."),
)


def write_metrics(path: str, history: History, running: Running | None = None) -> None:
    """Write the file at ``path``, whole or not at all, for everyone to read.

    It is not synced: after a power cut nothing in it holds any more.

    :param running: the progress of migrations of this process, by the record's id
    :raises OSError: the file system refused
    :raises HistoryUnreadable:
    """
    removed = history.removed().ended
    text = metrics(history.all(), running or {}, removed)
    # node_exporter is another user
    replace(path, text, durable=False, mode=0o644)


def metrics(
    records: Iterable[MigrationRecord],
    running: Running,
    removed: Mapping[MigrationState, int] | None = None,
) -> bytes:
    """The text of the migrations.

    :param records: newest first; of each server the newest alone has gauges, so that
        what one server tells is never doubled
    :param running: the progress of those that run, by the record's id
    :param removed: how many ended in each state whose records are no longer kept
    """
    registry = CollectorRegistry()
    registry.register(_Migrations(tuple(records), running, removed or {}))
    return generate_latest(registry)


class _Migrations:
    """What a registry collects."""

    def __init__(
        self,
        records: tuple[MigrationRecord, ...],
        running: Running,
        removed: Mapping[MigrationState, int],
    ) -> None:
        self._records = records
        self._running = running
        self._removed = removed

    def collect(self) -> Iterator[Metric]:
        """Each metric with all its values."""
        newest = _newest(self._records)
        yield from self._gauges(newest)
        yield self._states(newest)
        yield self._ended()

    def _gauges(self, newest: list[MigrationRecord]) -> Iterator[Metric]:
        families = [
            GaugeMetricFamily(f"{PREFIX}_{name}", what, labels=LABELS)
            for name, what in _GAUGES
        ]
        for record in newest:
            values = _values(record, self._running.get(record.id))
            for family, value in zip(families, values, strict=True):
                if value is not None:
                    family.add_metric(_labels(record), value)
        yield from (family for family in families if family.samples)

    def _states(self, newest: list[MigrationRecord]) -> Metric:
        family = GaugeMetricFamily(
            f"{PREFIX}_state",
            "1 for the state that it is in, 0 for the others.",
            labels=(*LABELS, "state"),
        )
        for record in newest:
            progress = self._running.get(record.id)
            state = record.state if progress is None else progress.state
            for each in MigrationState:
                labels = (*_labels(record), each.value)
                family.add_metric(labels, float(each is state))
        return family

    def _ended(self) -> Metric:
        family = CounterMetricFamily(
            f"{PREFIX}s_ended",
            "Migrations from this host that ended.",
            labels=["state"],
        )
        for state in ENDED:
            kept = sum(record.state is state for record in self._records)
            family.add_metric([state.value], kept + self._removed.get(state, 0))
        return family


def _newest(records: Iterable[MigrationRecord]) -> list[MigrationRecord]:
    """The newest record of each server."""
    found: dict[str, MigrationRecord] = {}
    for record in records:
        found.setdefault(record.uuid, record)
    return list(found.values())


def _labels(record: MigrationRecord) -> tuple[str, ...]:
    return record.name, record.uuid, record.destination


def _values(
    record: MigrationRecord, progress: MigrationProgress | None
) -> tuple[float | None, ...]:
    """Values of the gauges; what a running migration says comes before its record."""
    if progress is None:
        elapsed = None if record.ended is None else record.ended - record.started
        return (
            *(record.started, elapsed, record.memory_mib * MIB, record.bytes_sent),
            *(None, None, record.passes, None, record.downtime),
        )
    return (
        *(record.started, progress.elapsed, record.memory_mib * MIB),
        *(progress.bytes_sent, progress.rate, progress.dirty_rate),
        *(progress.passes, progress.remaining, progress.downtime),
    )
