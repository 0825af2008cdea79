# SPDX-License-Identifier: Apache-2.0
"""nova-xen host show."""

import argparse
from collections.abc import Sequence
from typing import Any

from cliff.show import ShowOne

from nova_xen.cli import rows
from nova_xen.cli.base import NovaXenCommand


class ShowHost(NovaXenCommand, ShowOne):
    """Show what this host is and has: versions, memory, guest types, bridges."""

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.HOST

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        return rows.HOST, rows.host(self.driver.get_host())
