# SPDX-License-Identifier: Apache-2.0
"""What a guest prints some times a second, with the time at which a host read it."""

from __future__ import annotations

import dataclasses
import itertools
import re
import time
from collections.abc import Sequence

from xen.conftest import Dom0

#: seconds that a guest has for its next words on an emulated host
PATIENCE = 120
_NUMBER = re.compile(r"tick n=(\d+)")
_TICK = re.compile(
    r"^(\d+\.\d+) .*NOVA-XEN-GUEST tick n=(\d+) clock=(\d+)", re.MULTILINE
)
_STAMPER = """
rm -f /tmp/{1}ticks
nohup setsid bash -c '
tail -n +1 -F /var/log/xen/console/guest-{0}.log 2>/dev/null |
while IFS= read -r line; do echo "$EPOCHREALTIME $line"; done >/tmp/{1}ticks
' >/dev/null 2>&1 </dev/null &
echo $! >/tmp/{1}stamper
"""


@dataclasses.dataclass(frozen=True, order=True)
class Tick:
    """One number, and when it was read by this machine's clock.

    ``clock`` is the guest kernel's monotonic one, in seconds: it goes on where it was
    after a migration.
    """

    number: int
    at: float
    clock: float
    host: str


def stamp(host: Dom0, name: str, prefix: str) -> None:
    """Begin to note when each line of the guest's console comes.

    :param prefix: of the files, so that several can be noted at once
    """
    host.sh(_STAMPER.format(name, prefix))


def stop(host: Dom0, prefix: str) -> None:
    """End the noting."""
    host.sh(f"kill -- -$(cat /tmp/{prefix}stamper) 2>/dev/null ||:")


def offset_of(host: Dom0) -> float:
    """The host's clock less this machine's, in seconds, to half a round trip."""
    before = time.time()
    there = float(host.sh("echo $EPOCHREALTIME"))
    return there - (before + time.time()) / 2


def read(host: Dom0, prefix: str, offset: float) -> list[Tick]:
    """The ticks noted so far, by this machine's clock."""
    text = host.sh(f"cat /tmp/{prefix}ticks")
    return [
        Tick(int(number), float(at) - offset, int(clock) / 1e9, host.name)
        for at, number, clock in _TICK.findall(text)
    ]


def missing(ticks: Sequence[Tick]) -> list[int]:
    """Numbers that nobody saw, between the first and the last seen."""
    seen = {tick.number for tick in ticks}
    return [number for number in range(min(seen), max(seen)) if number not in seen]


def repeated(ticks: Sequence[Tick]) -> list[int]:
    """Numbers that were printed twice: two copies would have run."""
    numbers = [tick.number for tick in ticks]
    return sorted({number for number in numbers if numbers.count(number) > 1})


def stays(ticks: Sequence[Tick]) -> list[list[Tick]]:
    """What it said at one host after the other, in order."""
    by_host = itertools.groupby(sorted(ticks), key=lambda tick: tick.host)
    return [list(stay) for _host, stay in by_host]


def stops(ticks: Sequence[Tick]) -> list[float]:
    """Seconds for which the guest's own clock stood still between its stays.

    A number that comes late, because the guest or the host has little of the
    processor, counts for nothing: of each stay the least late one is taken.
    """
    late = [min(tick.at - tick.clock for tick in stay) for stay in stays(ticks)]
    return [after - before for before, after in itertools.pairwise(late)]


def last(host: Dom0, name: str) -> int:
    """The newest number that the guest printed on this host.

    An earlier guest of that name may have come further.
    """
    text = host.sh(f"tail -n 50 /var/log/xen/console/guest-{name}.log 2>/dev/null ||:")
    numbers = _NUMBER.findall(text)
    return int(numbers[-1]) if numbers else 0


def goes_on(host: Dom0, name: str) -> bool:
    """Whether it prints another number."""
    before, end = last(host, name), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if last(host, name) != before:
            return True
        time.sleep(2)
    return False
