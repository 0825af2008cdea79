# SPDX-License-Identifier: Apache-2.0
"""The command in a process of its own: its output is the protocol's alone."""

import os
import pathlib
import subprocess
import sys

import pytest

from nova_xen import exceptions
from nova_xen.cli.migration_peer import own_streams
from nova_xen.migration.journal import Journals
from nova_xen.migration.json import loads
from nova_xen.migration.peer.ssh import ProgramPeer
from nova_xen.model import LibvirtView
from unit.migration.peer.scene import NAME, UUID, journal

TESTS = pathlib.Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "unit.cli.peering")


@pytest.fixture(autouse=True)
def _with_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


def test_it_answers_and_prints_nothing_else(tmp_path: pathlib.Path) -> None:
    request = b'{"id": 1, "method": "ping", "arguments": {}}\n'
    ended = subprocess.run(
        [*COMMAND, "--config-file", str(tmp_path)],
        input=request + b"nonsense\n",
        capture_output=True,
        check=True,
        timeout=60,
    )
    hello, answer, failure = map(loads, ended.stdout.splitlines())
    assert hello["nova_xen_peer"] == 1
    assert answer == {"id": 1, "result": None, "error": None}
    assert failure["error"]["kind"] == "HypervisorError"
    for told in (b"printed by", b"written to the descriptor", b"said by a program"):
        assert told in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_source_can_use_it(tmp_path: pathlib.Path) -> None:
    peer = ProgramPeer((*COMMAND, "--config-file", str(tmp_path)), "xen2")
    peer.begin(journal())
    assert peer.view(UUID, NAME).libvirt is LibvirtView.NONE
    journals = Journals(str(tmp_path))
    assert journals.busy(UUID)
    peer.close()
    assert not journals.busy(UUID)


def test_a_driver_that_cannot_be_opened_is_told_to_the_source() -> None:
    peer = ProgramPeer(COMMAND, "xen2")
    with pytest.raises(exceptions.PeerUnreachable, match="with the code 1") as told:
        peer.view(UUID, NAME)
    assert "it is wrong" in str(told.value)
    peer.close()


def test_the_streams_are_given_back() -> None:

    def streams() -> list[tuple[int, int]]:
        return [(os.fstat(n).st_dev, os.fstat(n).st_ino) for n in (0, 1)]

    before = streams()
    with own_streams() as (requests, answers):
        assert streams() != before
        assert not os.get_inheritable(requests)
        assert not os.get_inheritable(answers)
    assert streams() == before
