# SPDX-License-Identifier: Apache-2.0
"""nova-xen server diagnostics."""

import argparse
from collections.abc import Sequence
from typing import Any

from cliff.show import ShowOne

from nova_xen.cli import resource_rows
from nova_xen.cli.base import NovaXenCommand


class ServerDiagnostics(NovaXenCommand, ShowOne):
    """Show what is counted of a server: times, memory, disks, network interfaces."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME", help="name or UUID of the server")
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return resource_rows.DIAGNOSTICS

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        found = self.driver.get_instance_diagnostics(parsed_args.name)
        return resource_rows.DIAGNOSTICS, resource_rows.diagnostics(found)
