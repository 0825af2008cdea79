# SPDX-License-Identifier: Apache-2.0
"""nova-xen host show, host inventory and host traits."""

import argparse
from collections.abc import Sequence
from typing import Any

from cliff.lister import Lister
from cliff.show import ShowOne

from nova_xen.cli import resource_rows, rows
from nova_xen.cli.base import NovaXenCommand


class ShowHost(NovaXenCommand, ShowOne):
    """Show what this host is and has: versions, memory, guest types, bridges."""

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.HOST

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        return rows.HOST, rows.host(self.driver.get_host())


class HostInventory(NovaXenCommand, Lister):
    """List what this host has for servers, what is reserved and what is used."""

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return resource_rows.INVENTORY

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        found = self.driver.get_inventory()
        return resource_rows.INVENTORY, [resource_rows.inventory(one) for one in found]


class HostTraits(NovaXenCommand, Lister):
    """List what servers can have on this host, by the names of os-traits."""

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return resource_rows.TRAITS

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        found = self.driver.get_traits()
        return resource_rows.TRAITS, [(each.name, each.why) for each in found]
