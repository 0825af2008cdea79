# SPDX-License-Identifier: Apache-2.0
"""nova-xen migration list, show, abort, force-complete and recover."""

import argparse
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cliff.command import Command
from cliff.lister import Lister
from cliff.show import ShowOne

from nova_xen.cli import endings, migration_rows
from nova_xen.cli.base import NovaXenCommand
from nova_xen.cli.live import SlowLine
from nova_xen.cli.terminal import shown
from nova_xen.exceptions import NovaXenError

if TYPE_CHECKING:
    from nova_xen.model import MigrationRecord, RecoveryPlan

LOG = logging.getLogger(__name__)


class NotDrawn(NovaXenError):
    """There is no picture of a migration."""

    msg_fmt = "The migration %(migration)s was not drawn: %(why)s."


class Undecided(NovaXenError):
    """A person must decide; the plan's sentence says what."""

    msg_fmt = "%(sentence)s"


class ListMigration(NovaXenCommand, Lister):
    """List the migrations from this host, the newest first."""

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return migration_rows.MIGRATIONS

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        found = self.driver.list_migrations()
        return migration_rows.MIGRATIONS, [migration_rows.summary(r) for r in found]


class ShowMigration(NovaXenCommand, ShowOne):
    """Show a migration: its states, bytes, downtime, and how it ended."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "migration",
            metavar="ID|SERVER",
            help="id of a migration, or name or UUID of a server for its newest one",
        )
        parser.add_argument(
            "--plot",
            metavar="FILE.svg",
            help="also draw bytes and rate over time into a file, which is replaced",
        )
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return migration_rows.MIGRATION

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        record = self.driver.get_migration(parsed_args.migration)
        if parsed_args.plot is not None:
            draw(record, parsed_args.plot)
        return migration_rows.MIGRATION, migration_rows.migration(record)


def draw(record: "MigrationRecord", path: str) -> None:
    """Draw a migration into a file.

    :raises NotDrawn: nothing of it was measured, or the file cannot be written
    """
    if all(sample.bytes_sent is None for sample in record.samples):
        raise NotDrawn(migration=record.id, why="no bytes of it were measured")
    from nova_xen.migration.plot import plot

    try:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(plot(record))
    except OSError as error:
        why = f"{shown(path)}: {error.strerror}"
        raise NotDrawn(migration=record.id, why=why) from error


class _OfServer(NovaXenCommand, Command):
    """Asks something of the running migration of one server."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "server", metavar="SERVER", help="name or UUID of the server"
        )
        return parser


class AbortMigration(_OfServer):
    """Ask a running migration to end, so that the server goes on at this host.

    Its end is told by 'nova-xen migration show'.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        self.driver.abort_migration(parsed_args.server)
        LOG.info("An abort was asked for server %s.", shown(parsed_args.server))
        return 0


class ForceCompleteMigration(_OfServer):
    """Ask a running migration to complete even if the guest must be slowed for it.

    Its end is told by 'nova-xen migration show'.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        self.driver.force_complete_migration(parsed_args.server)
        LOG.info("Completion was forced for server %s.", shown(parsed_args.server))
        return 0


class RecoverMigration(NovaXenCommand, Lister):
    """Put right what migrations left that were cut short.

    The exit code is 1 when a person must decide something; which is said on stderr.
    """

    _code = 0

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "servers",
            metavar="SERVER",
            nargs="*",
            help="name or UUID of a server (default: every one with such remains)",
        )
        parser.add_argument(
            "--lost-host",
            metavar="HOST",
            action="append",
            default=[],
            help="the other host, named as the migration has it, is off and will not "
            "come back with the server running, which you have made sure of; may be "
            "repeated",
        )
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return migration_rows.RECOVERED

    def perform(self, parsed_args: argparse.Namespace) -> int:
        ended = super().perform(parsed_args)
        return self._code or ended

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        from nova_xen.migration.recover import whole
        from nova_xen.model import MigrationState

        plans = self._recovered(parsed_args)
        for plan in plans:
            if plan.state is MigrationState.UNDECIDED:
                self._code = endings.FAILED
                self.app.fail(Undecided(sentence=whole(plan.sentence)))
        return migration_rows.RECOVERED, [migration_rows.recovered(p) for p in plans]

    def _recovered(self, args: argparse.Namespace) -> "tuple[RecoveryPlan, ...]":
        quiet = self.app.options.verbose_level == 0
        with SlowLine(self.app.stderr, quiet=quiet) as line:
            return self.driver.recover_migrations(
                tuple(dict.fromkeys(args.servers)),
                lost_hosts=tuple(dict.fromkeys(args.lost_host)),
                tell=line,
            )
