# SPDX-License-Identifier: Apache-2.0
"""The source's end: a real program that serves, and ones that do all else."""

import contextlib
import os
import pathlib
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.migration.journal import Journals
from nova_xen.migration.peer import wire
from nova_xen.migration.peer.program import Program
from nova_xen.migration.peer.ssh import DEADLINES, ProgramPeer
from nova_xen.model import (
    Inquiry,
    LibvirtView,
    MigrationState,
    RecoveryAction,
    RecoveryStep,
    Side,
)
from unit.migration.peer.scene import NAME, UUID, document, journal

SERVING = (sys.executable, "-m", "unit.migration.peer.serving")
TESTS = pathlib.Path(__file__).parents[3]
HELLO = wire.encode(
    wire.Hello(nova_xen_peer=wire.PROTOCOL, version="1", host="xen2")
).decode()

Make = Callable[..., ProgramPeer]


@pytest.fixture(autouse=True)
def _with_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


@pytest.fixture
def make() -> Iterator[Make]:
    with contextlib.ExitStack() as stack:

        def made(*command: str, address: str = "xen2", **more: object) -> ProgramPeer:
            peer = ProgramPeer(command, address, **more)  # type: ignore[arg-type]
            stack.callback(peer.close)
            return peer

        yield made


@pytest.fixture
def state_path(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "state")


@pytest.fixture
def peer(make: Make, state_path: str) -> ProgramPeer:
    return make(*SERVING, state_path)


@pytest.fixture
def journals(state_path: str) -> Journals:
    return Journals(state_path)


def says(*lines: str, then: str = "") -> tuple[str, ...]:
    """A program that answers so, whatever it is asked."""
    script = "import os, sys, time\ndef say(text):\n    os.write(1, text.encode())\n"
    script += f"say({HELLO!r})\n"
    for line in lines:
        script += f"sys.stdin.readline()\nsay({line!r})\n"
    return (sys.executable, "-c", script + then)


def test_every_question_over_a_real_program(
    peer: ProgramPeer, journals: Journals
) -> None:
    answer = peer.ask(Inquiry(name=NAME, uuid=UUID, files=("/nonexistent",)))
    assert (answer.hostname, answer.missing) == ("xen2", ("/nonexistent",))
    peer.begin(journal())
    assert journals.busy(UUID)
    peer.note(journal(state=MigrationState.COPYING))
    seen = peer.view(UUID, NAME)
    assert seen.journal == journals.load(UUID)
    assert seen.journal is not None
    assert seen.journal.state is MigrationState.COPYING
    assert (seen.libvirt, seen.busy) == (LibvirtView.RUNNING, False)
    peer.arrived(journal(), document(), 50)
    step = RecoveryStep(side=Side.DESTINATION, action=RecoveryAction.DESTROY, domid=9)
    peer.carry_out(UUID, NAME, step)
    assert [each.domid for each in peer.view(UUID, NAME).xen] != [9]
    peer.end("m-1")
    assert (journals.load(UUID), journals.busy(UUID)) == (None, False)


def test_errors_come_back_as_they_were(peer: ProgramPeer) -> None:
    with pytest.raises(exceptions.MigrationNotFound) as told:
        peer.note(journal())
    assert told.value.context == {"migration": "m-1"}
    assert told.value.details == ("Host xen2 said so.",)
    peer.begin(journal())


def test_it_ends_with_this_side(peer: ProgramPeer, journals: Journals) -> None:
    peer.begin(journal())
    peer.close()
    peer.close()
    assert not journals.busy(UUID)
    assert journals.load(UUID) is not None
    peer.note(journal())
    assert journals.busy(UUID)


def _pid(journals: Journals) -> int:
    kept = journals.load(UUID)
    assert kept is not None
    return kept.pid


def test_a_killed_one_is_told_and_started_again(
    peer: ProgramPeer, journals: Journals
) -> None:
    peer.begin(journal())
    os.kill(_pid(journals), signal.SIGKILL)
    with pytest.raises(exceptions.PeerUnreachable, match="ended by SIGKILL"):
        peer.view(UUID, NAME)
    assert not journals.busy(UUID)
    peer.note(journal(state=MigrationState.COPYING))
    assert journals.busy(UUID)


def test_a_stopped_one_is_killed(make: Make, state_path: str) -> None:
    peer = make(*SERVING, state_path, deadlines={"view": 0.5})
    journals = Journals(state_path)
    peer.begin(journal())
    os.kill(_pid(journals), signal.SIGSTOP)
    with pytest.raises(exceptions.PeerUnreachable, match=r"within 0\.5 seconds"):
        peer.view(UUID, NAME)
    assert not journals.busy(UUID)


def test_signs_of_life_keep_it(make: Make, state_path: str) -> None:
    peer = make(*SERVING, state_path, "1.5", heartbeat=0.2)
    journals = Journals(state_path)
    peer.begin(journal())
    pid, end = _pid(journals), time.monotonic() + 3
    while time.monotonic() < end:  # twice as long as it bears silence
        assert journals.busy(UUID)
        time.sleep(0.1)
    peer.note(journal())
    assert _pid(journals) == pid


def test_without_a_sign_of_life_it_lets_go(make: Make, state_path: str) -> None:
    peer = make(*SERVING, state_path, "0.3", heartbeat=600)
    journals = Journals(state_path)
    peer.begin(journal())
    end = time.monotonic() + 20
    while journals.busy(UUID):
        assert time.monotonic() < end
        time.sleep(0.05)
    with pytest.raises(exceptions.PeerUnreachable, match="with the code 0") as told:
        peer.note(journal())
    assert "was silent for 0.3 seconds" in str(told.value.details)
    peer.note(journal())
    assert journals.busy(UUID)


def test_several_threads_may_ask(peer: ProgramPeer) -> None:
    found: list[str] = []

    def ask() -> None:
        found.extend(peer.view(UUID, NAME).libvirt for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [LibvirtView.RUNNING] * 40


SLOW = "\nwhile True:\n    say('1')\n    time.sleep(0.05)"
HUGE = "\nfor _ in range(20): say('x' * 1000)\ntime.sleep(600)"
BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "not there": (("/nonexistent/nova-xen",), "cannot be run"),
    "ends": (("sh", "-c", "exit 3"), "ended with the code 3 .and said nothing"),
    "complains": (
        ("sh", "-c", "echo 'ssh: connect to host: refused' >&2; exit 255"),
        "code 255 .ssh: connect to host: refused.",
    ),
    "greets": (("sh", "-c", "echo 'Welcome to xen2!'; cat"), "said 'Welcome to xen2!'"),
    "silent": (("sleep", "600"), "no answer within 5 seconds"),
    "old": (
        ("echo", HELLO.replace(":1,", ":7,")),
        "version 7 of the protocol and this host's version 1; install the same",
    ),
    "garbage": (says("garbage\n"), "it said 'garbage'"),
    "bytes": (("printf", r"\377\376\n"), "it said"),
    "other shape": (says("[]\n"), "said '..'"),
    "other number": (says('{"id": 9, "result": null}\n'), "not answer what it was"),
    "no number": (
        says('{"id": null, "error": {"kind":"X","context":{},"sentence":"Odd."}}\n'),
        "what it was asked: Odd.",
    ),
    "cut": (says('{"id": 1,'), "ended with the code 0"),
    "two answers": (says('{"id": 1, "result": null}\n{}\n{}\n'), "makes no sense"),
    "nonsense": (says('{"id": 1, "result": {"side": 5}}\n'), "makes no sense"),
    "slow": (says(then=SLOW), "within 1 seconds"),
    "huge": (says(then=HUGE), "more than 5000 bytes"),
    "hung": (says(then="time.sleep(600)"), "within 1 seconds"),
    "closes": (says(then="os.close(1); os.close(0); time.sleep(600)"), "closed its"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_peer_is_unreachable(
    make: Make, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setattr(wire, "LARGEST", 5000)
    monkeypatch.setattr("nova_xen.migration.peer.program._GRACE", 0.5)
    command, why = BAD[case]
    peer = make(*command, deadlines={"hello": 5, "view": 1})
    with pytest.raises(exceptions.PeerUnreachable, match=why) as told:
        peer.view(UUID, NAME)
    assert str(told.value).startswith("Host xen2 gives no answer: ")
    assert "\n" not in str(told.value)


def test_a_large_document_goes_over(peer: ProgramPeer) -> None:
    peer.begin(journal())
    peer.arrived(journal(), document() + " " * 2**20, None)


def test_one_that_no_longer_listens_is_told(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nova_xen.migration.peer.program._GRACE", 0.5)
    deaf = says(then="os.close(0)\nos.write(2, b'deaf')\ntime.sleep(600)")
    peer = make(*deaf, deadlines={"view": 60})
    with pytest.raises(exceptions.PeerUnreachable, match="closed its end"):
        peer.view(UUID * 2**16, NAME)


def test_an_answer_nobody_waited_for_is_not_the_next_ones(
    peer: ProgramPeer, journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.begin(journal())
    exchange = Program.exchange

    def interrupted(*arguments: Any) -> bytes:
        exchange(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Program, "exchange", interrupted)
        with pytest.raises(KeyboardInterrupt):
            peer.end("m-1")
    assert not journals.busy(UUID)
    assert peer.view(UUID, NAME).journal is None


def test_what_it_started_ends_with_it(make: Make, tmp_path: pathlib.Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # the child has the fifo open for writing for as long as it lives
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    script = f"sleep 600 > {fifo} & echo $! >&2; wait"
    peer = make("sh", "-c", script, deadlines={"hello": 1})
    with pytest.raises(exceptions.PeerUnreachable, match="within 1 seconds"):
        peer.view(UUID, NAME)
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_much_that_it_complains_stops_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nova_xen.migration.peer.program._GRACE", 0.5)
    answer = '{"id": 1, "result": {"side": "source", "libvirt": "off"}}\n'
    loud = "for _ in range(500): os.write(2, b'y' * 999 + b'\\n')\n"
    script = says(then=f"sys.stdin.readline()\n{loud}say({answer!r})\n{loud}")
    assert make(*script).view(UUID, NAME).libvirt is LibvirtView.OFF


def test_the_address_goes_into_words_and_no_shell(make: Make) -> None:
    answer = '{"id": 1, "result": {"side": "source", "libvirt": "off"}}\n'
    script = says(answer)[2].replace(HELLO[:-1], HELLO[:-1].replace("xen2", "%s"))
    script += "sys.stderr.write(repr(sys.argv[1:]))"
    peer = make(
        sys.executable, "-c", script, "root@%s", "$(id)", "%s;%s", address="fe80::1%br0"
    )
    peer.view(UUID, NAME)
    with pytest.raises(exceptions.PeerUnreachable) as told:
        peer.view(UUID, NAME)
    wanted = "['root@fe80::1%br0', '$(id)', 'fe80::1%br0;fe80::1%br0']"
    assert told.value.details == (wanted,)


@pytest.mark.parametrize("address", ["xen2", "10.0.0.2", "2001:db8::2", "[::1]", "a_b"])
def test_addresses(address: str) -> None:
    assert ProgramPeer(("ssh", "%s"), address).command == ("ssh", address)


@pytest.mark.parametrize(
    "address",
    ["", "-oProxyCommand=id", "-x", "a b", "a;b", "$(id)", "a\n", "a\0b", "[::1", "é"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(exceptions.PeerUnreachable, match="no name or address"):
        ProgramPeer(("ssh", "%s"), address)


def test_without_a_command_there_is_no_peer() -> None:
    with pytest.raises(exceptions.PeerUnreachable, match="no program is named"):
        ProgramPeer((), "xen2")


def test_each_question_has_its_deadline() -> None:
    assert DEADLINES.keys() == wire.METHODS.keys() | {"hello"}


def counting(folder: pathlib.Path) -> tuple[pathlib.Path, tuple[str, ...]]:
    """A program that ends as ssh does for a host that is down, and notes each start."""
    starts = folder / "starts"
    script = f"echo x >> {starts}; echo 'Connection timed out' >&2; exit 255"
    return starts, ("sh", "-c", script)


@pytest.mark.parametrize(("retry", "tried"), [(600, 1), (0, 3)])
def test_a_host_that_is_down_is_not_tried_again_at_once(
    make: Make, tmp_path: pathlib.Path, retry: float, tried: int
) -> None:
    starts, command = counting(tmp_path)
    peer = make(*command, retry=retry)
    for _ in range(3):
        with pytest.raises(exceptions.PeerUnreachable) as told:
            peer.view(UUID, NAME)
        assert "with the code 255 (Connection timed out)" in str(told.value)
        assert told.value.details == ("Connection timed out",)
    assert starts.read_text().count("x") == tried


def test_the_command_is_told_as_a_shell_takes_it(make: Make) -> None:
    peer = make("sh", "-c", 'echo "a b" >&2; exit 1', "it's", address="fe80::1%br0")
    with pytest.raises(exceptions.PeerUnreachable) as told:
        peer.view(UUID, NAME)
    command = told.value.context["command"]
    assert shlex.split(command) == list(peer.command)
    assert f"check that '{command}' works" in str(told.value)
