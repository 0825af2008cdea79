# SPDX-License-Identifier: Apache-2.0
"""Attacks of one host's program at the other's: what is asked, answered and typed."""

import contextlib
import dataclasses
import os
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.cli import endings
from nova_xen.migration.peer import serve, wire
from nova_xen.migration.peer.ssh import ProgramPeer
from nova_xen.model import Inquiry, MigrationHost, Side
from unit.attacks.pair import THERE, Pair, always, pair_of
from unit.attacks.scene import Scene

_PROOF = ".nova-xen-proof-01234567-0123456789abcdef"
_UUID = "5a1e2d3c-0000-4000-8000-000000000001"
_OPTION = "-oProxyCommand=touch$IFS{}"
_CLEAR = "\x1b[2J"
_HELLO = wire.Hello(nova_xen_peer=wire.PROTOCOL, version="1", host=THERE)
#: what a destination says instead of a greeting, or after one
_GARBAGE = {
    "nothing": b"",
    "words": f"{_CLEAR}Last login: today\n".encode(),
    "no text": b"\xff\xfe\x00\n",
    "no greeting": b"[]\n",
    "deep": b"[" * 100_000 + b"\n",
    "the answer to another question": wire.encode(_HELLO)
    + wire.encode(wire.Answer(id=7)),
    "no host": wire.encode(_HELLO) + wire.encode(wire.Answer(id=1, result={"a": 1})),
}


class Lying:
    """The other host's side, which does as it should and answers otherwise."""

    def __init__(self, pair: Pair, **lies: Any) -> None:
        self._peer = pair.places[THERE].new_side(Side.DESTINATION)
        self._lies = lies

    def __getattr__(self, name: str) -> Any:
        return getattr(self._peer, name)

    def ask(self, inquiry: Inquiry) -> MigrationHost:
        return dataclasses.replace(self._peer.ask(inquiry), **self._lies)


class Elsewhere(Lying):
    """One with a storage of its own, where each proof has the content given."""

    def __init__(self, pair: Pair, content: str | None) -> None:
        super().__init__(pair)
        self._content = content

    def ask(self, inquiry: Inquiry) -> MigrationHost:
        proofs = dict.fromkeys(inquiry.proofs, self._content)
        return dataclasses.replace(super().ask(inquiry), proofs=proofs)


def proofs(scene: Scene) -> bytes:
    """A source asks the destination's program for files of that host."""
    link = scene.folder / _PROOF
    link.symlink_to(scene.canary)
    detour = f"{scene.folder}/{_PROOF}/../../secret/canary"
    said = b""
    with pair_of(scene) as pair:
        for path in (str(scene.canary), detour, str(link)):
            said += _asked(pair, {"name": "x", "uuid": _UUID, "proofs": [path]})
        files = [str(scene.canary), "/nowhere"]
        said += _asked(pair, {"name": "x", "uuid": _UUID, "files": files})
    assert said.count(b"InvalidRequest") == 2
    return said


def _asked(pair: Pair, inquiry: Mapping[str, Any]) -> bytes:
    """What the destination's own program answers on its standard output."""
    peer = pair.places[THERE].new_side(Side.DESTINATION)
    peer._proof_patience = 0
    request = wire.Request(id=1, method="ask", arguments={"inquiry": inquiry})
    with contextlib.ExitStack() as stack:
        reading, asked = os.pipe()
        told, writing = os.pipe()
        for number in (reading, told):
            stack.callback(os.close, number)
        os.write(asked, wire.encode(request))
        os.close(asked)
        serve.serve(peer, reading, writing)
        os.close(writing)
        return os.read(told, wire.LARGEST)


def option(scene: Scene) -> bytes:
    """It is typed, and it is the address that the destination gives for itself."""
    scene.create(scene.request(scene.raw_image()))
    mark = scene.folder / "mark"
    host = _OPTION.format(mark)
    said = b""
    with pair_of(scene) as pair:
        # whatever is started leaves the mark
        command = ("sh", "-c", f"touch {mark}", "%s")
        for told in (host, f"x {host}", f"root@xen2;touch {mark}", "", "x\n"):
            with pytest.raises(exceptions.MigrationRefused, match="neither a") as no:
                pair.migrate_by(lambda at: ProgramPeer(command, at), told)
            with pytest.raises(exceptions.PeerUnreachable, match="no name or address"):
                ProgramPeer(command, told)
            said += str(no.value).encode()
        with pytest.raises(exceptions.MigrationRefused, match="neither a") as no:
            pair.migrate_by(always(Lying(pair, address=host)))
        said += str(no.value).encode()
        assert pair.untouched()
    assert not mark.exists()
    return said


def answers(scene: Scene) -> bytes:
    """A destination that says anything but what it should; the server stays."""
    scene.create(scene.request(scene.raw_image()))
    said = b""
    with pair_of(scene) as pair:
        for garbage in _GARBAGE.values():
            path = scene.folder / "says"
            path.write_bytes(garbage)
            said += _unreachable(pair, path)
        for content in (None, "", "0" * 64):
            with pytest.raises(exceptions.MigrationRefused, match="not the same") as no:
                pair.migrate_by(always(Elsewhere(pair, content)))
            said += str(no.value).encode()
            assert pair.untouched()
    return said


def _unreachable(pair: Pair, path: pathlib.Path) -> bytes:
    """What a person reads is one line that moves no cursor."""
    script = "import pathlib, sys; sys.stdout.buffer.write("
    script += "pathlib.Path(sys.argv[1]).read_bytes()); sys.stdout.flush()"
    script += "; sys.stdin.read()"
    command = (sys.executable, "-c", script, str(path))
    deadlines = {"hello": 3, "ask": 3}
    with pytest.raises(exceptions.PeerUnreachable) as no:
        pair.migrate_by(lambda at: ProgramPeer(command, at, deadlines=deadlines))
    sentence = endings.sentence(no.value)
    assert sentence.isprintable()
    assert pair.untouched()
    return sentence.encode()
