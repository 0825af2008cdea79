# SPDX-License-Identifier: Apache-2.0
"""The serving loop in this process, spoken to by hand."""

import json
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from nova_xen.migration.json import to_plain
from nova_xen.migration.peer import wire
from nova_xen.migration.peer.serve import serve
from unit.migration.peer.scene import NAME, UUID, Scene, journal


class Wire:
    """The source's end of the line."""

    def __init__(self, scene: Scene, silence: float = 60) -> None:
        requests, self.requests = os.pipe()
        answers, self._answers = os.pipe()
        self.answers = os.fdopen(answers, "rb")
        self._thread = threading.Thread(
            target=self._serve, args=(scene, requests, silence), daemon=True
        )
        self._thread.start()
        self.hello = self.read()

    def _serve(self, scene: Scene, requests: int, silence: float) -> None:
        try:
            serve(scene.peer, requests, self._answers, silence=silence)
        finally:
            os.close(requests)
            os.close(self._answers)

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.answers.readline())
        return found

    def say(self, line: bytes) -> dict[str, Any]:
        os.write(self.requests, line + b"\n")
        return self.read()

    def ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        asked = {"id": 5, "method": method, "arguments": to_plain(arguments)}
        return self.say(json.dumps(asked).encode())

    def ended(self) -> bool:
        self._thread.join(20)
        return not self._thread.is_alive()

    def hang_up(self) -> None:
        if self.requests >= 0:
            os.close(self.requests)
            self.requests = -1


@pytest.fixture
def line(scene: Scene) -> Iterator[Wire]:
    made = Wire(scene)
    yield made
    made.hang_up()
    assert made.ended()
    made.answers.close()


def test_it_says_who_it_is(line: Wire) -> None:
    assert line.hello["nova_xen_peer"] == wire.PROTOCOL
    assert line.hello.keys() == {"nova_xen_peer", "version", "host"}


def test_it_answers(line: Wire, scene: Scene) -> None:
    assert line.ask("ping") == {"id": 5, "result": None, "error": None}
    assert line.ask("begin", journal=journal())["error"] is None
    seen = line.ask("view", uuid=UUID, name=NAME)["result"]
    assert (seen["libvirt"], seen["journal"]["id"]) == ("none", "m-1")


@pytest.mark.parametrize(
    ("said", "number", "why"),
    [
        (b"", None, "Expecting value"),
        (b"hello", None, "Expecting value"),
        (b"\xff\xfe", None, "codec"),
        (b"[" * 100_000, None, "nested too deeply"),
        (b"[1]", None, "shape"),
        (b'{"id": "1", "method": "ping", "arguments": {}}', None, "str where int"),
        (b'{"id": 1, "method": "close", "arguments": {}}', 1, "no method 'close'"),
        (b'{"id": 1, "method": "__init__", "arguments": {}}', 1, "no method"),
        (b'{"id": 1, "method": "end", "arguments": {}}', 1, "not migration_id"),
        (b'{"id": 1, "method": "end", "arguments": {"migration_id": 1}}', 1, "int wh"),
        (b'{"id": 1, "method": "begin", "arguments": {"journal": {}}}', 1, "required"),
    ],
)
def test_what_is_no_request_is_told_and_it_goes_on(
    line: Wire,
    capfd: pytest.CaptureFixture[str],
    said: bytes,
    number: int | None,
    why: str,
) -> None:
    answer = line.say(said)
    assert (answer["id"], answer["result"]) == (number, None)
    assert answer["error"]["kind"] == "HypervisorError"
    assert why in answer["error"]["sentence"]
    assert line.ask("ping")["error"] is None
    assert "Traceback" not in capfd.readouterr().err


def test_errors_of_ours_go_over(line: Wire) -> None:
    answer = line.ask("note", journal=journal())
    assert answer["error"]["kind"] == "MigrationNotFound"
    assert answer["error"]["context"] == {"migration": "m-1"}


def test_a_defect_goes_over_as_a_sentence(
    line: Wire, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.peer, "end", lambda migration_id: 1 / 0)
    answer = line.ask("end", migration_id="x")
    assert "(ZeroDivisionError: division by zero)" in answer["error"]["sentence"]
    monkeypatch.setattr(scene.peer, "end", lambda migration_id: float("nan"))
    answer = line.ask("end", migration_id="x")
    assert "not JSON compliant" in answer["error"]["sentence"]


def test_two_requests_at_once_are_both_answered(line: Wire) -> None:
    one = b'{"id": %d, "method": "ping", "arguments": {}}\n'
    os.write(line.requests, one % 1 + (one % 2)[:10])
    assert line.read()["id"] == 1
    os.write(line.requests, (one % 2)[10:])
    assert line.read()["id"] == 2


def test_a_line_without_end_ends_it(
    line: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LARGEST", 1000)
    os.write(line.requests, b"x" * 2000)
    answer = line.read()
    assert "more than 1000 bytes" in answer["error"]["sentence"]
    assert line.ended()


def test_the_end_of_input_lets_go(line: Wire, scene: Scene) -> None:
    line.ask("begin", journal=journal())
    assert scene.new_journals().busy(UUID)
    line.hang_up()
    assert line.ended()
    assert not scene.new_journals().busy(UUID)
    assert scene.journals.load(UUID) is not None


def test_a_source_that_went_away_lets_go(line: Wire, scene: Scene) -> None:
    line.ask("begin", journal=journal())
    line.answers.close()
    os.write(line.requests, b"anything\n")
    assert line.ended()
    assert not scene.new_journals().busy(UUID)


def test_a_silent_source_lets_go(scene: Scene) -> None:
    line = Wire(scene, silence=0.5)
    line.ask("begin", journal=journal())
    assert line.ended()
    assert not scene.new_journals().busy(UUID)
    line.hang_up()
    line.answers.close()
