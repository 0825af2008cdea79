# SPDX-License-Identifier: Apache-2.0
"""The client of QEMU's protocol, against a small QEMU that may be hostile."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import qmp
from unit.hypervisor.fake_qemu import EVENT, Qemu, line

COMMAND = "query-blockstats"
LATE = "it gave no answer in time, or another program is asking it"


@pytest.fixture
def qemu(tmp_path: Path) -> Iterator[Qemu]:
    with Qemu(tmp_path / "qmp") as made:
        made.answers = {COMMAND: [{"device": "ide0-hd0"}]}
        yield made


def ask(path: str, **more: float) -> object:
    return qmp.query(path, COMMAND, server="web", **more)  # type: ignore[arg-type]


def why(path: str, **more: float) -> str:
    with pytest.raises(exceptions.DeviceModelSilent) as caught:
        ask(path, **more)
    sentence = str(caught.value)
    assert sentence.startswith("The device model of server web tells nothing: ")
    return str(caught.value.context["why"])


def test_a_question(qemu: Qemu) -> None:
    assert ask(qemu.path) == [{"device": "ide0-hd0"}]
    assert qemu.asked == ["qmp_capabilities", COMMAND]


def test_one_client_after_the_other(qemu: Qemu) -> None:
    for _ in range(3):
        assert ask(qemu.path) == [{"device": "ide0-hd0"}]


def test_events_in_between_are_passed_over(qemu: Qemu) -> None:
    qemu.greeting += line(EVENT)
    qemu.before = line(EVENT) * 3
    assert ask(qemu.path) == [{"device": "ide0-hd0"}]


def test_a_long_answer(qemu: Qemu) -> None:
    qemu.answers[COMMAND] = [{"device": f"disk{n}"} for n in range(50_000)]
    assert ask(qemu.path) == qemu.answers[COMMAND]


def test_no_device_model(tmp_path: Path) -> None:
    assert why(f"{tmp_path}/none") == f"{tmp_path}/none: No such file or directory"


def test_a_socket_that_nobody_serves(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{tmp_path}/left")
    assert why(f"{tmp_path}/left") == f"{tmp_path}/left: Connection refused"


def test_another_client_is_served(qemu: Qemu) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(qemu.path)
        other.recv(65536)
        begun = time.monotonic()
        told = why(qemu.path, timeout=0.2)
        assert time.monotonic() - begun < 5
    assert told == LATE
    assert ask(qemu.path) == [{"device": "ide0-hd0"}]


def test_silence(qemu: Qemu) -> None:
    qemu.instead[COMMAND] = b""
    assert why(qemu.path, timeout=0.2) == LATE


def test_lines_without_end_have_the_same_deadline(qemu: Qemu) -> None:
    qemu.instead[COMMAND] = b"x"
    assert why(qemu.path, timeout=0.2) == LATE


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        (b"nonsense\n", "it sent what is no JSON"),
        (b"[" * 100_000 + b"\n", "it sent what is no JSON"),
        (b"\xff\n", "it sent what is no JSON"),
        (b"[]\n", "it sent what is no answer"),
        (b"null\n", "it sent what is no answer"),
        (line({"id": COMMAND}), f"it refuses {COMMAND}: no reason is given"),
        (
            line({"id": COMMAND, "error": {"desc": "no\x1b[2J"}}),
            f"it refuses {COMMAND}: no\x1b[2J",
        ),
        (
            line({"id": COMMAND, "error": "no"}),
            f"it refuses {COMMAND}: no reason is given",
        ),
        (b"x" * 5000, "its answer is too long"),
        (line(EVENT) * 100, "its answer is too long"),
    ],
)
def test_answers_that_are_none(qemu: Qemu, instead: bytes, told: str) -> None:
    qemu.instead[COMMAND] = instead
    limit = 150_000 if len(instead) == 100_001 else 4096
    assert why(qemu.path, limit=limit) == told


def test_what_it_says_is_shown_without_control_characters(qemu: Qemu) -> None:
    qemu.instead[COMMAND] = line({"id": COMMAND, "error": {"desc": "no\x1b[2J"}})
    with pytest.raises(exceptions.DeviceModelSilent) as caught:
        ask(qemu.path)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("greeting", [b"{}\n", b"SSH-2.0-OpenSSH\r\n"])
def test_who_is_no_qemu(qemu: Qemu, greeting: bytes) -> None:
    qemu.greeting = greeting
    assert why(qemu.path).startswith("it ")


def test_one_that_dies(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/qmp")
        server.listen()
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        assert why(f"{tmp_path}/qmp") == "it closed the connection"
        thread.join()
