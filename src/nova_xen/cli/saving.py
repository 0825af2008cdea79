# SPDX-License-Identifier: Apache-2.0
"""nova-xen server suspend, resume and dump create."""

import argparse
from collections.abc import Sequence
from typing import Any

from cliff.show import ShowOne

from nova_xen.cli import rows
from nova_xen.cli.base import NovaXenCommand
from nova_xen.cli.power import EachServer


class SuspendServer(EachServer):
    """Write the memory of servers to disk and switch them off."""

    done = "suspended"

    def act(self, name: str, args: argparse.Namespace) -> None:
        self.driver.suspend(name)


class ResumeServer(EachServer):
    """Let suspended servers go on where they were."""

    done = "resumed"

    def act(self, name: str, args: argparse.Namespace) -> None:
        self.driver.resume(name)


class CreateDump(NovaXenCommand, ShowOne):
    """Write the memory of a server into a file."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME", help="name or UUID of the server")
        parser.add_argument(
            "--file",
            metavar="PATH",
            help="a file of this host that is not there yet (default: one in the "
            "server's folder, removed with it)",
        )
        parser.add_argument(
            "--crash",
            action="store_true",
            help="let the server stand still meanwhile and switch it off then",
        )
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.DUMP

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        made = self.driver.trigger_crash_dump(
            parsed_args.name, parsed_args.file, crash=parsed_args.crash
        )
        return rows.DUMP, rows.dump(made)
