# SPDX-License-Identifier: Apache-2.0
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.migration import report
from nova_xen.model import GIB, MIB, MigrationProgress, MigrationState
from unit.cli.migrations import START, make_record

S = MigrationState
COPYING: dict[str, Any] = {"state": S.COPYING, "elapsed": 37.0, "memory": GIB}
SENT: dict[str, Any] = {**COPYING, "bytes_sent": 412 * MIB}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "not measured"),
        (-1.0, "0.0 s"),
        (0.0, "0.0 s"),
        (0.14, "0.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (37.4, "37 s"),
        (119.4, "119 s"),
        (119.6, "2 min 0 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (90_000.0, "25 h 0 min"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert report.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "not measured"),
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (9.96 * 1024, "10 KiB"),
        (MIB - 1, "1.0 MiB"),
        (412 * MIB, "412 MiB"),
        (GIB - 1, "1.0 GiB"),
        (1.1 * GIB, "1.1 GiB"),
        (5000 * GIB, "5000 GiB"),
    ],
)
def test_size(count: float | None, text: str) -> None:
    assert report.size(count) == text


@given(st.integers(min_value=0, max_value=1 << 60))
def test_a_size_is_never_1024_of_its_unit(count: int) -> None:
    number, unit = report.size(count).split(" ")
    assert float(number) < 1024 or unit == "GiB"


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        ({"state": S.CHECKING, "elapsed": 1.0}, "checking, 1.0 s"),
        ({"state": S.PREPARING, "elapsed": 2.0, "bytes_sent": 5}, "preparing, 2.0 s"),
        (COPYING, "copying, 37 s, bytes sent not measured"),
        (
            SENT,
            "copying, 37 s, 412 MiB sent, rate not measured, time left not known",
        ),
        (
            {**SENT, "rate": 11.0 * MIB, "passes": 0, "remaining": 60.3},
            "copying, 37 s, 412 MiB of about 1.1 GiB sent, 11 MiB/s, pass 1, about "
            "60 s left (an estimate)",
        ),
        (
            {
                **SENT,
                "bytes_sent": 2 * GIB,
                "rate": 11.0 * MIB,
                "passes": 1,
                "dirty_rate": 3.0 * MIB,
                "throttled": True,
            },
            "copying, 37 s, 2.0 GiB sent, 11 MiB/s, at least pass 2, 3.0 MiB/s of it "
            "sent again, slowed down so that the copy can end, time left not known",
        ),
        ({**SENT, "rate": 0.0}, "copying, 37 s, 412 MiB sent, 0 bytes/s, time left "),
        (
            {**SENT, "state": S.STOPPED, "rate": 1.0, "remaining": 5.0},
            "stopped, 37 s, 412 MiB sent",
        ),
        (
            {**SENT, "state": S.DONE, "downtime": 5.21},
            "done, 37 s, 412 MiB sent, stood still for 5.2 s",
        ),
    ],
)
def test_progress_line(progress: dict[str, Any], text: str) -> None:
    line = report.progress_line("web1", "xen2", MigrationProgress(**progress))
    assert line.startswith(f"web1 -> xen2: {text}")
    assert "left " in text or line == f"web1 -> xen2: {text}"


@given(
    st.builds(
        MigrationProgress,
        state=st.sampled_from(MigrationState),
        elapsed=st.floats(0, 1e9),
        bytes_sent=st.none() | st.integers(0, 1 << 50),
        memory=st.integers(0, 1 << 50),
        rate=st.none() | st.floats(0, 1e12),
        passes=st.none() | st.integers(0, 9),
        dirty_rate=st.none() | st.floats(0, 1e12),
        remaining=st.none() | st.floats(0, 1e9),
        downtime=st.none() | st.floats(0, 1e6),
        throttled=st.booleans(),
    )
)
def test_any_progress_is_one_line(progress: MigrationProgress) -> None:
    line = report.log_line(make_record(), progress)
    assert line.startswith(f"db -> xen2: {progress.state.value}, ")
    assert "None" not in line
    assert "\n" not in line
    assert ("an estimate" in line) <= (progress.remaining is not None)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {},
            "Server db was migrated to xen2 in 34 s: 270 MiB were sent in at least 1 "
            "pass, and it stood still for 5.2 s.",
        ),
        (
            {"bytes_sent": None, "passes": None, "downtime": None},
            "Server db was migrated to xen2 in 34 s: how much was sent was not "
            "measured, and how long it stood still was not measured.",
        ),
        (
            {"passes": 3},
            "Server db was migrated to xen2 in 34 s: 270 MiB were sent in at least 3 "
            "passes, and it stood still for 5.2 s.",
        ),
        (
            {"state": S.ABORTED, "why": "as it was asked for"},
            "The migration of server db to xen2 was aborted after 34 s: as it was "
            "asked for.",
        ),
        (
            {"state": S.FAILED, "why": "libvirt failed."},
            "The migration of server db to xen2 failed after 34 s: libvirt failed.",
        ),
        (
            {"state": S.UNDECIDED},
            "The migration of server db to xen2 needs a person to decide.",
        ),
        (
            {"state": S.COPYING, "ended": None},
            "The migration of server db to xen2 is copying.",
        ),
    ],
)
def test_ending(changes: dict[str, Any], text: str) -> None:
    record = make_record(**{"ended": START + 34.4, **changes})
    assert report.ending(record) == text
