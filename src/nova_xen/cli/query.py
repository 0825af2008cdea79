# SPDX-License-Identifier: Apache-2.0
"""nova-xen server list and server show."""

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from cliff.lister import Lister
from cliff.show import ShowOne

from nova_xen.cli import rows
from nova_xen.cli.base import NovaXenCommand
from nova_xen.exceptions import ServerNotFound


class ListServer(NovaXenCommand, Lister):
    """List the servers of this host."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--long",
            action="store_true",
            help="also show image, flavor, networks, screen and when it was made",
        )
        return parser

    def columns(self, args: argparse.Namespace) -> Sequence[str]:
        return rows.LIST_LONG if args.long else rows.LIST

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        if parsed_args.long:
            return rows.LIST_LONG, list(self._long())
        return rows.LIST, [rows.summary(each) for each in self.driver.list_servers()]

    def _long(self) -> Iterator[tuple[Any, ...]]:
        for each in self.driver.list_servers():
            try:
                yield rows.long_summary(self.driver.get_info(each.uuid))
            except ServerNotFound:
                continue  # deleted since it was listed


class ShowServer(NovaXenCommand, ShowOne):
    """Show everything about a server."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME", help="name or UUID of the server")
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.SERVER

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        return rows.SERVER, rows.server(self.driver.get_info(parsed_args.name))
