# SPDX-License-Identifier: Apache-2.0
import contextlib
import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen import exceptions
from nova_xen.hypervisor import ErrorCode, code_of
from nova_xen.migration.interfaces import Peer
from nova_xen.migration.peer import wire
from nova_xen.model import PowerState

KINDS = sorted(
    name
    for name, kind in vars(exceptions).items()
    if isinstance(kind, type) and issubclass(kind, exceptions.NovaXenError)
)
PLAIN = st.none() | st.booleans() | st.integers() | st.text()


def test_every_method_of_the_contract_goes_over() -> None:
    named = {name for name, _ in inspect.getmembers(Peer, inspect.isfunction)}
    public = {name for name in named if not name.startswith("_")}
    assert wire.METHODS.keys() == public - {"close"} | {wire.PING}


class _Any(dict[str, Any]):
    """Any word of a template."""

    def __missing__(self, key: str) -> int:
        self[key] = 7
        return 7


def context_of(kind: type[exceptions.NovaXenError]) -> dict[str, Any]:
    """What the sentence of an exception is made of."""
    words = _Any()
    _ = kind.msg_fmt % words
    return dict(words)


@pytest.mark.parametrize("name", KINDS)
def test_an_error_is_the_same_at_the_source(name: str) -> None:
    kind = getattr(exceptions, name)
    error = kind(**context_of(kind)).with_details(("from a log",))
    line = wire.encode(wire.Answer(id=1, error=wire.failure_of(error)))
    answer = wire.decode(line, wire.Answer)
    made = wire.error_of(answer.error, "xen2")
    assert type(made) is kind
    assert (made.sentence, made.context) == (error.sentence, error.context)
    assert made.details == ("from a log", "Host xen2 said so.")


def test_what_a_context_may_hold() -> None:
    error = exceptions.HypervisorError(
        doing="x",
        server="",
        why=PowerState.PAUSED,
        code=ErrorCode.NO_DOMAIN,
        path=KINDS,
        seconds=float("inf"),
        missing=None,
    )
    line = wire.encode(wire.Answer(id=1, error=wire.failure_of(error)))
    made = wire.error_of(wire.decode(line, wire.Answer).error, "xen2")
    assert made.sentence == error.sentence
    assert code_of(made) is ErrorCode.NO_DOMAIN
    assert (made.context["seconds"], made.context["missing"]) == ("inf", None)


@pytest.mark.parametrize(
    "failure",
    [
        wire.Failure(kind="FutureError", context={}, sentence="It is new."),
        wire.Failure(kind="WrongState", context={}, sentence="It is new."),
        wire.Failure(kind="annotations", context={}, sentence="It is new."),
        wire.Failure(kind="base", context={}, sentence="It is new."),
        wire.Failure(
            kind="DeadlineExceeded",
            context={"seconds": "x", "doing": ""},
            sentence="It is new.",
        ),
    ],
)
def test_an_unknown_error_keeps_its_sentence(failure: wire.Failure) -> None:
    made = wire.error_of(failure, "xen2")
    assert type(made) is exceptions.HypervisorError
    assert str(made) == "libvirt failed while asking host xen2: It is new."


@given(
    id=st.none() | st.integers(),
    result=st.recursive(PLAIN, lambda x: st.lists(x) | st.dictionaries(st.text(), x)),
)
def test_answers_go_over(id: int | None, result: Any) -> None:
    line = wire.encode(wire.Answer(id=id, result=result))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert wire.decode(line, wire.Answer) == wire.Answer(id=id, result=result)


@given(st.binary())
def test_any_bytes_are_a_message_or_a_value_error(content: bytes) -> None:
    for kind in (wire.Hello, wire.Request, wire.Answer):
        with contextlib.suppress(ValueError):
            assert isinstance(wire.decode(content, kind), kind)


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ({}, "its arguments are none, not uuid, name"),
        ({"uuid": "u"}, "its arguments are uuid, not uuid, name"),
        ({"uuid": "u", "name": "n", "x": 1}, "uuid, name, x, not uuid, name"),
        ({"uuid": "u", "name": 5}, "int where str is needed"),
    ],
)
def test_wrong_arguments(given_: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        wire.arguments_of(wire.METHODS["view"], given_)
