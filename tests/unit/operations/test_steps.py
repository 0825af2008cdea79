# SPDX-License-Identifier: Apache-2.0
import pytest

from nova_xen import exceptions
from nova_xen.operations.steps import Step, run_steps


class Record:
    """Steps that write down what happened; the one named ``fails`` raises."""

    def __init__(self, fails: str, error: BaseException, undo_fails: str = "") -> None:
        self.done: list[str] = []
        self._fails, self._error, self._undo_fails = fails, error, undo_fails

    def step(self, name: str) -> Step:
        return Step(name, lambda: self._do(name), lambda: self._undo(name))

    def _do(self, name: str) -> None:
        self.done.append(name)
        if name == self._fails:
            raise self._error

    def _undo(self, name: str) -> None:
        self.done.append(f"undo {name}")
        if name == self._undo_fails:
            raise OSError("stuck")


def run(record: Record) -> None:
    run_steps("web", "created", [record.step(name) for name in "abc"])


def test_all_done_nothing_undone() -> None:
    record = Record("", OSError())
    run(record)
    assert record.done == ["a", "b", "c"]


def test_a_failure_is_undone_last_first_with_the_step_that_failed() -> None:
    record = Record("b", OSError("full"))
    with pytest.raises(exceptions.StepFailed) as caught:
        run(record)
    assert record.done == ["a", "b", "undo b", "undo a"]
    assert str(caught.value) == (
        "Server web could not be created: the step 'b' failed, full. "
        "Nothing was left behind."
    )


def test_an_undo_that_fails_is_told_and_the_rest_goes_on() -> None:
    record = Record("c", OSError("full"), undo_fails="b")
    with pytest.raises(exceptions.StepFailed, match=r"Not undone: b \(stuck\)"):
        run(record)
    assert record.done[-3:] == ["undo c", "undo b", "undo a"]


def test_the_tail_of_another_log_goes_with_the_failure() -> None:
    error = exceptions.InjectionFailed(server="web", doing="writing", why="it died")
    with pytest.raises(exceptions.StepFailed, match="it died") as caught:
        run(Record("a", error.with_details(("its last words",))))
    assert caught.value.details == ("its last words",)


def test_a_complete_sentence_is_passed_on_as_it_is() -> None:
    error = exceptions.ServerExists(server="web")
    with pytest.raises(exceptions.ServerExists) as caught:
        run(Record("a", error))
    assert caught.value is error


def test_an_interrupt_is_undone_and_passed_on() -> None:
    record = Record("b", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(record)
    assert record.done == ["a", "b", "undo b", "undo a"]
