# SPDX-License-Identifier: Apache-2.0
"""The picture: compared with one that was looked at, and what must hold for any."""

import pathlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from nova_xen.migration.plot import plot, rates_over_time, seconds_to_label
from nova_xen.model import MIB, MigrationSample, MigrationState
from unit.cli.migrations import START, make_record

S = MigrationState
GOLDEN = pathlib.Path(__file__).with_name("plot.svg")


def texts(svg: str) -> list[str]:
    found = etree.fromstring(svg.encode()).itertext("{*}text", "{*}title")
    return [text for text in (str(each).strip() for each in found) if text]


def test_it_is_as_it_was_when_it_was_looked_at() -> None:
    """Written anew by ``PYTHONPATH=src:tests python -m unit.migration.plotted``."""
    assert plot(make_record()) == GOLDEN.read_text()


def test_it_names_what_it_shows() -> None:
    found = texts(plot(make_record()))
    assert (
        "PVH guest db, 256 MiB: xen1 to xen2, live, done; stood still: 5.2 s" in found
    )
    for name in ("MiB sent", "MiB/s (right axis)", "stood still, 5.2 s"):
        assert name in found
    assert "stopped, from 28.0 s" in found


@pytest.mark.parametrize(
    ("changes", "there", "absent"),
    [
        ({"downtime": None}, "stood still: not measured", "stood still, "),
        ({"samples": ()}, "MiB sent", "MiB/s"),
        ({"entered": {}, "samples": ()}, "MiB sent", ", from"),
        ({"name": "<b>&\x00\x1b"}, "guest <b>&??,", "nothing"),
    ],
)
def test_what_is_unknown_is_not_drawn(
    changes: dict[str, Any], there: str, absent: str
) -> None:
    told = "\n".join(texts(plot(make_record(**changes))))
    assert there in told
    assert absent not in told


def test_it_runs_nothing_and_fetches_nothing() -> None:
    svg = plot(make_record(name="http://evil.example/<script>"))
    root = etree.fromstring(svg.encode())
    tags = {etree.QName(each).localname for each in root.iter(etree.Element)}
    assert not tags & {"script", "a", "image", "use", "foreignObject", "link"}
    names = {str(name) for each in root.iter(etree.Element) for name in each.attrib}
    assert not [each for each in names if "href" in each or each.startswith("on")]
    style = "".join(map(str, root.itertext("{*}style")))
    assert not re.search(r"url\(|@import|//", style)
    assert "<!" not in svg
    assert "<?" not in svg


def sample(at: float, mib: float | None) -> MigrationSample:
    sent = None if mib is None else round(mib * MIB)
    return MigrationSample(at=START + at, state=S.COPYING, bytes_sent=sent)


@pytest.mark.parametrize(
    ("samples", "rates"),
    [
        ([], []),
        ([(0, 0)], []),
        ([(0, None), (1, 5)], []),
        ([(0, 0), (1, 5)], [(1, 5)]),
        ([(0, 0), (1, 5), (2, 6)], [(1, 5), (2, 3)]),
        # what was sent before the last five seconds counts no more
        ([(0, 0), (5, 50), (10, 50)], [(5, 10), (10, 0)]),
        # further apart than that: the last two tell
        ([(0, 0), (20, 40), (60, 80)], [(20, 2), (60, 1)]),
        # a clock that was set back, a count that fell
        ([(5, 5), (5, 9), (1, 10)], []),
        ([(0, 9), (1, 5)], []),
    ],
)
def test_rates(
    samples: list[tuple[float, float | None]], rates: list[tuple[float, float]]
) -> None:
    record = make_record(samples=tuple(sample(*each) for each in samples))
    assert rates_over_time(record) == rates


@given(st.lists(st.tuples(st.floats(0, 1e6), st.none() | st.floats(0, 1e6))))
def test_a_rate_is_never_negative(samples: list[tuple[float, float | None]]) -> None:
    record = make_record(samples=tuple(sample(*each) for each in samples))
    assert all(rate >= 0 for _at, rate in rates_over_time(record))


@pytest.mark.parametrize(
    ("end", "labels"),
    [
        (-1.0, [0, 1]),
        (0.0, [0, 1]),
        (0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (35.5, [0, 5, 10, 15, 20, 25, 30, 35.5]),
        (37.6, [0, 5, 10, 15, 20, 25, 30, 35, 37.6]),
    ],
)
def test_labels(end: float, labels: list[float]) -> None:
    assert seconds_to_label(end) == pytest.approx(labels)


@given(st.floats(1e-3, 1e9))
def test_labels_are_few_and_end_at_the_end(end: float) -> None:
    found = seconds_to_label(end)
    assert found[-1] == end
    assert found == sorted(found)
    assert 3 <= len(found) <= 12
