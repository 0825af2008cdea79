# SPDX-License-Identifier: Apache-2.0
"""How a migration is told to people: in lines of the log and of the terminal.

What was not measured is told as that, never as 0; what is an estimate says so.
"""

from nova_xen.model import (
    GIB,
    MIB,
    MigrationProgress,
    MigrationRecord,
    MigrationState,
)

NOT_MEASURED = "not measured"
KIB = 1024
MINUTE = 60
HOUR = 3600

#: what has not begun to copy has nothing to be measured
_BEFORE_THE_COPY = (MigrationState.CHECKING, MigrationState.PREPARING)


def duration(seconds: float | None) -> str:
    """Seconds as a person reads them: 5.2 s, 97 s, 2 min 5 s, 1 h 3 min."""
    if seconds is None:
        return NOT_MEASURED
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 2 * MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes // MINUTE} h {minutes % MINUTE} min"


def size(count: float | None) -> str:
    """Bytes as a person reads them: 700 bytes, 12 KiB, 412 MiB, 1.1 GiB."""
    if count is None:
        return NOT_MEASURED
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        # one that would be rounded up to 1024 is told in the next larger unit
        if count >= unit * (1 - 0.5 / KIB):
            return _with_unit(count / unit, name)
    return f"{round(count)} bytes"


def _with_unit(number: float, name: str) -> str:
    return f"{number:.1f} {name}" if number < 9.95 else f"{number:.0f} {name}"


def rate(per_second: float | None) -> str:
    """Bytes a second as a person reads them: 11 MiB/s."""
    return NOT_MEASURED if per_second is None else f"{size(per_second)}/s"


def progress_line(server: str, destination: str, progress: MigrationProgress) -> str:
    """One line on where a migration is, for the terminal and the log.

    For instance ``web1 -> xen2: copying, 37 s, 412 MiB of about 1.1 GiB sent,
    11 MiB/s, pass 1, about 60 s left (an estimate)``.
    """
    parts = [progress.state.value, duration(progress.elapsed)]
    if progress.state not in _BEFORE_THE_COPY:
        parts += [_sent(progress), *_copying(progress)]
    if progress.downtime is not None:
        parts.append(f"stood still for {duration(progress.downtime)}")
    return f"{server} -> {destination}: {', '.join(parts)}"


def log_line(record: MigrationRecord, progress: MigrationProgress) -> str:
    """The same line for the log, of the migration of this record."""
    return progress_line(record.name, record.destination, progress)


def _sent(progress: MigrationProgress) -> str:
    if progress.bytes_sent is None:
        return f"bytes sent {NOT_MEASURED}"
    sent = size(progress.bytes_sent)
    total = _about(progress)
    return f"{sent} sent" if total is None else f"{sent} of about {size(total)} sent"


def _about(progress: MigrationProgress) -> float | None:
    """All that will be sent, as far as the estimate of the time left says it."""
    sent, per_second, left = progress.bytes_sent, progress.rate, progress.remaining
    if progress.state is not MigrationState.COPYING or sent is None:
        return None
    if per_second is None or left is None:
        return None
    return sent + per_second * left


def _copying(progress: MigrationProgress) -> list[str]:
    """What can be told while memory goes over; nothing of it holds afterwards."""
    if progress.state is not MigrationState.COPYING or progress.bytes_sent is None:
        return []
    parts = [f"rate {NOT_MEASURED}" if progress.rate is None else rate(progress.rate)]
    if progress.passes is not None:
        parts.append(_pass(progress.passes))
    if progress.dirty_rate:
        parts.append(f"{rate(progress.dirty_rate)} of it sent again")
    if progress.throttled:
        parts.append("slowed down so that the copy can end")
    parts.append(_left(progress.remaining))
    return parts


def _pass(gone: int) -> str:
    """The pass that goes on when memory has gone over ``gone`` times at least."""
    return f"at least pass {gone + 1}" if gone else "pass 1"


def _left(remaining: float | None) -> str:
    if remaining is None:
        return "time left not known"
    return f"about {duration(round(remaining))} left (an estimate)"


def ending(record: MigrationRecord) -> str:
    """One sentence on how a migration went, for the log.

    For instance ``Server web1 was migrated to xen2 in 34 s: 1.1 GiB were sent in at
    least 1 pass, and it stood still for 5.2 s.``
    """
    taken = None if record.ended is None else record.ended - record.started
    where = f"{record.name} to {record.destination}"
    match record.state:
        case MigrationState.DONE:
            server = f"Server {record.name} was migrated to {record.destination}"
            return f"{server} in {duration(taken)}: {_measured(record)}."
        case MigrationState.ABORTED:
            how = f"was aborted after {duration(taken)}"
        case MigrationState.FAILED:
            how = f"failed after {duration(taken)}"
        case MigrationState.UNDECIDED:
            how = "needs a person to decide"
        case _:
            how = f"is {record.state.value}"
    why = f": {record.why.rstrip('.')}" if record.why else ""
    return f"The migration of server {where} {how}{why}."


def _measured(record: MigrationRecord) -> str:
    if record.bytes_sent is None:
        sent = f"how much was sent was {NOT_MEASURED}"
    else:
        sent = f"{size(record.bytes_sent)} were sent{_passes(record.passes)}"
    if record.downtime is None:
        return f"{sent}, and how long it stood still was {NOT_MEASURED}"
    return f"{sent}, and it stood still for {duration(record.downtime)}"


def _passes(passes: int | None) -> str:
    if not passes:
        return ""
    return f" in at least {passes} pass{'' if passes == 1 else 'es'}"
