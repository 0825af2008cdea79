# SPDX-License-Identifier: Apache-2.0
"""A migration as a picture: bytes sent and their rate over time, states, downtime.

The picture has no script and refers to nothing outside itself. The same record gives
the same picture, byte for byte.
"""

import math
from collections.abc import Sequence

import pygal
from lxml import etree
from pygal.style import Style

from nova_xen.migration.report import duration, size
from nova_xen.model import MIB, MigrationRecord, MigrationSample, MigrationState

#: seconds over which a rate is taken, as in the progress that is shown
RATE_SPAN = 5.0
_SVG = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]

_COLOURS = {
    MigrationState.CHECKING: "#b0b0b0",
    MigrationState.PREPARING: "#909090",
    MigrationState.COPYING: "#5b8c5a",
    MigrationState.STOPPED: "#b03a2e",
    MigrationState.FINISHING: "#7d5ba6",
    MigrationState.DONE: "#1e7b34",
    MigrationState.ABORTING: "#c47f00",
    MigrationState.ABORTED: "#8a5a00",
    MigrationState.FAILED: "#7b1e1e",
    MigrationState.UNDECIDED: "#000000",
}
_SENT, _DOWNTIME, _RATE = "#1f6fb2", "#e8a49c", "#d97b29"


def plot(record: MigrationRecord) -> str:
    """The picture as SVG: seconds since the start to the right, on the left axis MiB
    that were sent, on the right axis MiB a second."""
    sent = sent_over_time(record)
    rates = rates_over_time(record)
    top = max((count for _at, count in sent), default=0.0) or 1.0
    colours = [_SENT]
    chart = _chart(record)
    chart.add("MiB sent", sent)
    if still := _stood_still(record, top):
        chart.add(f"stood still, {duration(record.downtime)}", still, fill=True)
        colours.append(_DOWNTIME)
    for state, at in _began(record):
        chart.add(f"{state.value}, from {at:.1f} s", [(at, 0.0), (at, top)])
        colours.append(_COLOURS[state])
    if rates:
        chart.add("MiB/s (right axis)", rates, secondary=True)
        colours.append(_RATE)
    chart.x_labels = seconds_to_label(_end(record))
    chart.style = _style(colours)
    chart.uuid = "migration"  # else a random one would be all over the picture
    return _without_script(chart.render())


def sent_over_time(record: MigrationRecord) -> list[Point]:
    """Seconds since the start and MiB sent, for each sample that has a count."""
    return [
        (sample.at - record.started, sample.bytes_sent / MIB)
        for sample in record.samples
        if sample.bytes_sent is not None
    ]


def rates_over_time(record: MigrationRecord) -> list[Point]:
    """Seconds since the start and MiB a second over the last :data:`RATE_SPAN`.

    None for what a step of the clock would make negative or endless.
    """
    counted = [each for each in record.samples if each.bytes_sent is not None]
    found = []
    first = 0
    for place, sample in enumerate(counted):
        while first < place and sample.at - counted[first].at > RATE_SPAN:
            first += 1
        # samples may be further apart than the span, once they were thinned
        before = counted[min(first, max(place - 1, 0))]
        rate = _rate(before, sample)
        if rate is not None:
            found.append((sample.at - record.started, rate))
    return found


def _rate(before: MigrationSample, after: MigrationSample) -> float | None:
    seconds = after.at - before.at
    count = (after.bytes_sent or 0) - (before.bytes_sent or 0)
    if seconds <= 0 or count < 0:
        return None
    return count / MIB / seconds


def _began(record: MigrationRecord) -> list[tuple[MigrationState, float]]:
    """When each state began, in seconds since the start, by time."""
    began = [(state, at - record.started) for state, at in record.entered.items()]
    return sorted(began, key=lambda each: each[1])


def _stood_still(record: MigrationRecord, top: float) -> list[Point]:
    """The time without a running guest, when both its ends were seen."""
    stopped = record.entered.get(MigrationState.STOPPED)
    if record.downtime is None or stopped is None:
        return []
    begin = stopped - record.started
    return [(begin, top), (begin + record.downtime, top)]


def _end(record: MigrationRecord) -> float:
    """The last second that there is something to show of."""
    times = [sample.at for sample in record.samples] + list(record.entered.values())
    return max((at - record.started for at in times), default=0.0)


def seconds_to_label(end: float) -> list[float]:
    """Round seconds from 0 on, and the end itself, where pygal has the right axis."""
    if end <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(end / 5))
    step = next(each * power for each in (1, 2, 5, 10) if end / (each * power) <= 10)
    below = [number * step for number in range(math.ceil(end / step - 0.5))]
    return [*below, end]


def _chart(record: MigrationRecord) -> pygal.XY:
    return pygal.XY(
        js=(),
        width=1000,
        height=520,
        title=_title(record),
        x_title="seconds since the migration was asked for",
        y_title="MiB sent",
        include_x_axis=True,
        show_dots=False,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        truncate_legend=-1,
        x_value_formatter=_number,
        value_formatter=_number,
    )


def _number(count: float) -> str:
    return f"{round(count, 2 if abs(count) < 1 else 1):g}"


def _title(record: MigrationRecord) -> str:
    mode = record.mode.value.upper()
    what = f"{mode} guest {_printable(record.name)}, {size(record.memory_mib * MIB)}"
    where = f"{_printable(record.source)} to {_printable(record.destination)}"
    still = duration(record.downtime)
    how = f"{record.kind.value}, {record.state.value}; stood still: {still}"
    return f"{what}: {where}, {how}"


def _printable(text: str) -> str:
    """XML cannot hold what does not print."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _style(colours: Sequence[str]) -> Style:
    return Style(
        background="#ffffff",
        plot_background="#ffffff",
        foreground="#333333",
        foreground_strong="#111111",
        foreground_subtle="#777777",
        colors=tuple(colours),
        guide_stroke_color="#dddddd",
        major_guide_stroke_color="#cccccc",
        guide_stroke_dasharray="none",
        major_guide_stroke_dasharray="none",
        stroke_width="2",
        opacity=".35",
        opacity_hover=".6",
        font_family="sans-serif",
        title_font_size=15,
        legend_font_size=13,
    )


def _without_script(rendered: bytes) -> str:
    """pygal adds a script and comments, with the day's date, whatever it is told."""
    root = etree.fromstring(rendered, etree.XMLParser(remove_comments=True))
    for script in list(root.iter(f"{_SVG}script")):
        script.getparent().remove(script)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode") + "\n"
