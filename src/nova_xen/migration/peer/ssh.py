# SPDX-License-Identifier: Apache-2.0
"""The other host's side of a migration, done there by a program, as a rule over ssh."""

import contextlib
import logging
import re
import shlex
import threading
import time
from collections.abc import Mapping
from typing import Any

from nova_xen import exceptions
from nova_xen.migration.json import from_plain, to_plain
from nova_xen.migration.peer import wire
from nova_xen.migration.peer.program import Broken, Program
from nova_xen.model import (
    GuestView,
    Inquiry,
    MigrationHost,
    MigrationJournal,
    RecoveryStep,
)

LOG = logging.getLogger(__name__)

#: seconds between two signs of life; serve.SILENCE is what the other side waits for one
HEARTBEAT = 20.0
_HELLO = "hello"
#: seconds that an answer may take: ask starts programs and waits for NFS, a restart of
#: libvirtd and its first answer take up to three minutes. The program's start took 15 s
#: on an emulated host, and two at once over a minute beside other work; a host that is
#: not there is told sooner, by ssh
DEADLINES: Mapping[str, float] = {
    _HELLO: 180,
    wire.PING: 30,
    "ask": 240,
    "missing": 15,
    "begin": 60,
    "note": 60,
    "arrived": 180,
    "view": 180,
    "carry_out": 360,
    "end": 60,
}
#: seconds in which a host that was not reached is not tried again: ssh takes ten to
#: give up, and whoever settles a migration asks several times
RETRY = 20.0

#: a name or an address of IPv4 or IPv6, with its zone; nothing a shell or ssh heeds
_ADDRESS = re.compile(r"(?!-)[A-Za-z0-9._:%-]+|\[[A-Za-z0-9.:%-]+\]")


class ProgramPeer:
    """:class:`nova_xen.migration.interfaces.Peer` by a program that is started here.

    It is started at the first question, and again when it was lost: what it held on
    the other host is then taken again by the next ``note``. One question at a time is
    asked, from any thread; none is asked twice.

    :param command: program and arguments; ``%s`` in a word stands for the address
    :raises PeerUnreachable: no command is given, or the address is none
    """

    def __init__(
        self,
        command: tuple[str, ...],
        address: str,
        *,
        deadlines: Mapping[str, float] | None = None,
        heartbeat: float = HEARTBEAT,
        retry: float = RETRY,
    ) -> None:
        self.address = address
        self.command = tuple(word.replace("%s", address) for word in command)
        self._deadlines = {**DEADLINES, **(deadlines or {})}
        self._heartbeat = heartbeat
        self._retry = retry
        self._lock = threading.RLock()
        self._program: Program | None = None
        self._number = 0
        self._closed = threading.Event()
        self._heart: threading.Thread | None = None
        #: why it could not be reached, with what it complained, and until when
        self._unreached: tuple[str, tuple[str, ...], float] | None = None
        if not command:
            raise self._unreachable("no program is named that runs its peer")
        if _ADDRESS.fullmatch(address) is None:
            raise self._unreachable("that is no name or address of a host")

    def ask(self, inquiry: Inquiry) -> MigrationHost:
        """Tell what the other host is and has."""
        found: MigrationHost = self._request("ask", inquiry=inquiry)
        return found

    def missing(self, files: tuple[str, ...]) -> tuple[str, ...]:
        """Tell which files are not there."""
        found: tuple[str, ...] = self._request("missing", files=files)
        return found

    def begin(self, journal: MigrationJournal) -> None:
        """Keep the journal of a guest that is to arrive there."""
        self._request("begin", journal=journal)

    def note(self, journal: MigrationJournal) -> None:
        """Keep the journal's new state there."""
        self._request("note", journal=journal)

    def arrived(
        self, journal: MigrationJournal, document: str, cap: int | None
    ) -> None:
        """Put in order there what came over."""
        self._request("arrived", journal=journal, document=document, cap=cap)

    def view(self, uuid: str, name: str) -> GuestView:
        """Tell what is there of a guest."""
        found: GuestView = self._request("view", uuid=uuid, name=name)
        return found

    def carry_out(self, uuid: str, name: str, step: RecoveryStep) -> None:
        """Do one step of a recovery there."""
        self._request("carry_out", uuid=uuid, name=name, step=step)

    def end(self, migration_id: str) -> None:
        """Remove the journal there."""
        self._request("end", migration_id=migration_id)

    def close(self) -> None:
        """Let the program end; a later question starts it again."""
        self._closed.set()
        with self._lock:
            program, self._program = self._program, None
            heart, self._heart = self._heart, None
            if program is not None:
                program.close()
        if heart is not None:
            heart.join()

    def _request(self, method: str, **arguments: Any) -> Any:
        with self._lock:
            try:
                program = self._program or self._start()
                answer = self._exchange(program, method, arguments)
            except Broken as error:
                raise self._give_up(str(error)) from error
            except BaseException:
                # an answer that nobody waited for would be taken for the next one's
                self._drop()
                raise
        if answer.error is not None:
            raise wire.error_of(answer.error, self.address)
        try:
            return from_plain(answer.result, wire.METHODS[method].result)
        except ValueError as error:
            raise self._unreachable(f"its answer makes no sense ({error})") from error

    def _exchange(
        self, program: Program, method: str, arguments: Mapping[str, Any]
    ) -> wire.Answer:
        self._number += 1
        plain = {name: to_plain(value) for name, value in arguments.items()}
        request = wire.Request(id=self._number, method=method, arguments=plain)
        line = program.exchange(wire.encode(request), self._deadlines[method])
        answer: wire.Answer = _decoded(line, wire.Answer)
        if answer.id != self._number:
            told = "" if answer.error is None else f": {answer.error.sentence}"
            raise Broken(f"it does not answer what it was asked{told}")
        return answer

    def _start(self) -> Program:
        """Start the program, unless that has just failed.

        :raises PeerUnreachable: it has; the same is told once more
        """
        if self._unreached is not None:
            why, complaints, until = self._unreached
            if time.monotonic() < until:
                raise self._unreachable(why).with_details(complaints)
        try:
            program = self._greeted()
        except Broken as error:
            given_up = self._give_up(str(error))
            until = time.monotonic() + self._retry
            self._unreached = (str(error), given_up.details, until)
            raise given_up from error
        self._unreached = None
        self._beat()
        return program

    def _greeted(self) -> Program:
        self._program = program = Program(self.command, wire.LARGEST)
        hello = _decoded(program.exchange(b"", self._deadlines[_HELLO]), wire.Hello)
        if hello.nova_xen_peer != wire.PROTOCOL:
            raise Broken(
                f"its nova-xen {hello.version} speaks version {hello.nova_xen_peer} of "
                f"the protocol and this host's version {wire.PROTOCOL}; install the "
                "same nova-xen on both"
            )
        LOG.debug("The peer on %s is nova-xen %s.", hello.host, hello.version)
        return program

    def _beat(self) -> None:
        if self._heart is None:
            self._closed.clear()
            self._heart = threading.Thread(
                target=self._live, name="nova-xen-peer", daemon=True
            )
            self._heart.start()

    def _live(self) -> None:
        """Tell the other side that this one lives; who asks next hears of a loss."""
        while not self._closed.wait(self._heartbeat):
            with self._lock, contextlib.suppress(exceptions.NovaXenError):
                if self._program is not None:
                    self._request(wire.PING)

    def _give_up(self, why: str) -> exceptions.PeerUnreachable:
        complaints = self._drop()
        error = self._unreachable(why)
        error.with_details(complaints)
        return error

    def _drop(self) -> tuple[str, ...]:
        program, self._program = self._program, None
        if program is None:
            return ()
        program.kill()
        return program.complaints

    def _unreachable(self, why: str) -> exceptions.PeerUnreachable:
        return exceptions.PeerUnreachable(
            destination=self.address, why=why, command=shlex.join(self.command)
        )


def _decoded(line: bytes, kind: type[Any]) -> Any:
    try:
        return wire.decode(line, kind)
    except ValueError as error:
        begins = line[:80].decode(errors="replace")
        raise Broken(
            f"it said '{begins}' where nova-xen's peer answers in JSON ({error})"
        ) from error
