# SPDX-License-Identifier: Apache-2.0
"""nova-xen server migrate."""

import argparse
import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cliff.show import ShowOne

from nova_xen.cli import detached, migration_rows, values
from nova_xen.cli.base import NovaXenCommand, UsageError
from nova_xen.cli.live import LiveLine
from nova_xen.cli.signals import Interrupted
from nova_xen.exceptions import MigrationNotFound, NovaXenError

if TYPE_CHECKING:
    from nova_xen.model import (
        MigrationProgress,
        MigrationRecord,
        MigrationRequest,
    )

TIMEOUT_ACTIONS = ("abort", "force_complete")


class Ended(NovaXenError):
    """What the process that migrates told of its end; a sentence already."""

    msg_fmt = "%(sentence)s"


class Unrecorded(NovaXenError):
    """A migration runs of which there is no record."""

    msg_fmt = (
        "Server %(server)s is being migrated to %(destination)s, and no record of it "
        "can be read; see 'nova-xen migration list', and %(log)s."
    )


class MigrateServer(NovaXenCommand, ShowOne):
    """Move a running server to another host.

    Without --wait the command ends once all checks have passed and the migration goes
    on by itself.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME", help="name or UUID of the server")
        parser.add_argument(
            "--host",
            metavar="DEST",
            required=True,
            help="host to move it to: a name or address that both hosts know",
        )
        _add_kind(parser)
        parser.add_argument(
            "--wait",
            action="store_true",
            help="stay until it has ended and show where it is; Ctrl-C asks for an "
            "abort, a second one leaves it running",
        )
        parser.add_argument(
            "--tunnelled",
            action=argparse.BooleanOptionalAction,
            help="send memory within libvirt's own connection, which is encrypted "
            "and slower (default: the option [libvirt] live_migration_tunnelled)",
        )
        _add_timeout(parser)
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return migration_rows.MIGRATION

    def perform(self, parsed_args: argparse.Namespace) -> int:
        if parsed_args.timeout == 0 and parsed_args.timeout_action:
            raise UsageError(
                "--timeout-action tells what happens after --timeout, and --timeout 0 "
                "is none"
            )
        return super().perform(parsed_args)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        request = to_request(parsed_args)
        uuid = self.driver.get_info(request.server).uuid
        before = self._newest(uuid)
        log = self.driver.migration_log(uuid)
        with _going_on(request.server):
            child = detached.start(self._launch(request), log)
            following = _Following(self, child, request, log, wait=parsed_args.wait)
            migration = following.run()
        record = self._newest(migration or uuid)
        if record is None or (before is not None and record.id == before.id):
            raise Unrecorded(
                server=request.server, destination=request.destination, log=log
            )
        return migration_rows.MIGRATION, migration_rows.migration(record)

    def _newest(self, migration: str) -> "MigrationRecord | None":
        try:
            return self.driver.get_migration(migration)
        except MigrationNotFound:
            return None

    def _launch(self, request: "MigrationRequest") -> Any:
        from nova_xen.cli.migrating import Launch

        files = self.app.options.config_file or ()
        return Launch(
            request=request,
            files=tuple(os.path.abspath(path) for path in files),
            connection=self.app.options.connection,
        )


@contextlib.contextmanager
def _going_on(name: str) -> Iterator[None]:
    """Who stops the command is told that this does not stop the migration."""
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.add_note(
            f"The migration of server {name} goes on by itself; see 'nova-xen "
            f"migration show {name}', or end it with 'nova-xen migration abort {name}'."
        )
        raise


class _Following:
    """The command's side of a migration that another process carries out."""

    def __init__(
        self,
        command: MigrateServer,
        child: detached.Detached,
        request: "MigrationRequest",
        log: str,
        *,
        wait: bool,
    ) -> None:
        self._app = command.app
        self._driver = command.driver
        self._child = child
        self._request = request
        self._log = log
        self._wait = wait
        self._pressed = False
        self._line = LiveLine(
            self._app.stderr, quiet=self._app.options.verbose_level == 0
        )

    def run(self) -> str | None:
        """Until it has ended, or without ``--wait`` until its checks have passed.

        Gives the migration's id once it has ended well, else None.
        """
        if not self._wait:
            return self._until_checked()
        with self._line, detached.pressed_told_to(self._child):
            return self._until_ended()

    def _until_checked(self) -> str | None:
        from nova_xen.model import MigrationState

        while True:
            match self._child.next():
                case detached.Progressed(progress):
                    if progress.state is not MigrationState.CHECKING:
                        return None
                case detached.Warned(text):
                    self._app.warn(text)
                case event:
                    return self._end(event)

    def _until_ended(self) -> str:
        while True:
            match self._child.next():
                case detached.Progressed(progress):
                    self._draw(progress)
                case detached.Warned(text):
                    self._line.wipe()
                    self._app.warn(text)
                case detached.Pressed():
                    self._press()
                case event:
                    return self._end(event)

    def _draw(self, progress: "MigrationProgress") -> None:
        from nova_xen.migration.report import progress_line

        request = self._request
        line = progress_line(request.server, request.destination, progress)
        self._line(line, progress.state.value)

    def _press(self) -> None:
        """The first Ctrl-C asks for an abort, the second leaves all as it is."""
        if self._pressed:
            raise Interrupted(signal.SIGINT)
        self._pressed = True
        self._line.wipe()
        try:
            self._driver.abort_migration(self._request.server)
        except NovaXenError as error:
            self._app.warn(error.sentence)
            return
        self._app.warn(
            f"an abort of the migration of server {self._request.server} was asked "
            "for; Ctrl-C once more leaves it running"
        )

    def _end(self, event: detached.Event) -> str:
        """Gives the id of a migration that is done, raises what any other told."""
        match event:
            case detached.Done(migration):
                return migration
            case detached.Failed(sentence, details, unexpected):
                where = (f"Its log tells where: {self._log}",) if unexpected else ()
                error = Ended(sentence=sentence).with_details((*details, *where))
                # the exit code shall say that it was Ctrl-C
                raise error from (Interrupted(signal.SIGINT) if self._pressed else None)
            case detached.Gone(how):
                raise detached.Lost(
                    server=self._request.server,
                    destination=self._request.destination,
                    how=how,
                    log=self._log,
                ).with_details(detached.tail(self._log))
            case _:
                raise ValueError(f"{event} is no end")


def _add_kind(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--live",
        action="store_true",
        help="let the guest run while its memory is copied (default)",
    )
    kind.add_argument(
        "--stop-and-copy",
        action="store_true",
        help="let the guest stand still while its memory is copied; the one way for a "
        "PV guest on a Xen without shadow paging",
    )


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=values.whole(0, "seconds"),
        help="time that the copy may take, 0: any (default: the option [libvirt] "
        "live_migration_completion_timeout for each GiB of memory)",
    )
    parser.add_argument(
        "--timeout-action",
        choices=TIMEOUT_ACTIONS,
        help="what happens then (default: the option [libvirt] "
        "live_migration_timeout_action)",
    )


def to_request(args: argparse.Namespace) -> "MigrationRequest":
    """What the driver is asked for."""
    from nova_xen.model import MigrationKind, MigrationRequest, TimeoutAction

    kind = MigrationKind.STOP_AND_COPY if args.stop_and_copy else MigrationKind.LIVE
    action = args.timeout_action
    return MigrationRequest(
        server=args.name,
        destination=args.host,
        kind=kind,
        tunnelled=args.tunnelled,
        timeout=args.timeout,
        timeout_action=None if action is None else TimeoutAction(action),
    )
