# SPDX-License-Identifier: Apache-2.0
import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.migration.json import dumps, from_json, loads, to_json
from nova_xen.model import (
    GuestView,
    Inquiry,
    MigrationHost,
    MigrationJournal,
    MigrationOptions,
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    MigrationSample,
    MovingGuest,
    RecoveryPlan,
    RecoveryStep,
    Side,
)

KINDS = (
    GuestView,
    Inquiry,
    MigrationHost,
    MigrationJournal,
    MigrationOptions,
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    MigrationSample,
    MovingGuest,
    RecoveryPlan,
    RecoveryStep,
)
# JSON has neither infinity nor what is no number
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_is_written_is_read(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(st.builds(kind))
    text = to_json(value)
    assert from_json(text, kind) == value
    assert text.isascii()
    assert "\n" not in text


STEP = '{"side": "source", "action": "destroy", "domid": 5}'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("[]", "another shape"),
        ("null", "another shape"),
        ("[" * 100_000, "nested too deeply"),
        ('{"side": "source"}', "required field missing @ RecoveryStep.action"),
        (STEP.replace("source", "middle"), "RecoveryStep.side"),
        (STEP.replace("5", '"5"'), "RecoveryStep.domid"),
        (STEP.replace("5", "5.5"), "RecoveryStep.domid"),
        (STEP.replace("5", "true"), "RecoveryStep.domid"),
        (STEP.replace("5", "NaN"), "NaN is no number of JSON"),
        (STEP.replace("5}", '5, "why": 7}'), "int where str is needed"),
    ],
)
def test_what_is_something_else_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_json(text, RecoveryStep)


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    text = STEP.replace("5}", '5, "mood": "good"}')
    assert from_json(text, RecoveryStep).side is Side.SOURCE


def test_a_whole_number_is_a_time() -> None:
    sample = from_json('{"at": 5, "state": "copying"}', MigrationSample)
    assert (sample.at, type(sample.at)) == (5.0, float)


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_a_number_that_json_lacks_is_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps(number)


def test_bytes_that_are_no_text_are_no_json() -> None:
    with pytest.raises(ValueError, match="codec"):
        loads(b'"\xff"')


def test_every_field_is_a_plain_one() -> None:
    """A field that JSON cannot hold would be noticed on the other host only."""
    for kind in KINDS:
        for field in dataclasses.fields(kind):
            assert "Any" not in str(field.type)
