# SPDX-License-Identifier: Apache-2.0
"""nova-xen server create and explain."""

import argparse
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cliff.lister import Lister
from cliff.show import ShowOne

from nova_xen import exceptions
from nova_xen.cli import rows, values
from nova_xen.cli.arguments import add_server_arguments, to_request
from nova_xen.cli.base import NovaXenCommand

if TYPE_CHECKING:
    from nova_xen.cli.session import Driver
    from nova_xen.domain import Domain
    from nova_xen.model import Plan, Server

WAIT_SECONDS = 300


class CreateServer(NovaXenCommand, ShowOne):
    """Make a server from an image and start it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_server_arguments(parser)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="print libvirt's domain document and touch nothing",
        )
        parser.add_argument(
            "--wait",
            action="store_true",
            help="wait until the guest has printed something on its console",
        )
        parser.add_argument(
            "--wait-for",
            metavar="REGEX",
            type=values.pattern,
            help="wait until REGEX is found in what the guest printed, such as login:",
        )
        parser.add_argument(
            "--timeout",
            metavar="SECONDS",
            type=values.whole(0, "seconds"),
            default=WAIT_SECONDS,
            help=f"how long to wait at most (default: {WAIT_SECONDS})",
        )
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.SERVER

    def perform(self, parsed_args: argparse.Namespace) -> int:
        if not parsed_args.dry_run:
            return super().perform(parsed_args)
        plan = foresee(self.driver, parsed_args)
        self._warn(plan)
        self.app.stdout.write(document(plan.domain).rstrip("\n") + "\n")
        return 0

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        self.driver.init_host()
        plan = self._plan(parsed_args)
        server = self._spawn(plan)
        self._warn(plan)  # not before: a failure is told in one sentence alone
        if parsed_args.wait or parsed_args.wait_for:
            server = self._wait(server, parsed_args)
        return rows.SERVER, rows.server(server)

    def _plan(self, args: argparse.Namespace) -> "Plan":
        with self.app.progress() as progress:
            instance = self.driver.build_instance(to_request(args), progress=progress)
        return self.driver.plan(instance)

    def _warn(self, plan: "Plan") -> None:
        for warning in plan.warnings:
            self.app.warn(warning)

    def _spawn(self, plan: "Plan") -> "Server":
        try:
            with self.app.progress() as progress:
                return self.driver.spawn(plan, progress)
        except KeyboardInterrupt as stop:
            stop.add_note(what_is_left(self.driver, plan))
            raise

    def _wait(self, server: "Server", args: argparse.Namespace) -> "Server":
        from nova_xen.cli.wait import wait_for_console

        try:
            wait_for_console(self.driver, server, args.wait_for, args.timeout)
        except exceptions.ConsoleUnavailable as error:
            if args.wait_for:
                raise
            self.app.warn(error.sentence)
        except KeyboardInterrupt as stop:
            stop.add_note(f"Server {server.name} was created and is left as it is.")
            raise
        return self.driver.get_info(server.uuid)


class Explain(NovaXenCommand, Lister):
    """Tell how a server would be made, and why so; takes what server create takes."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_server_arguments(parser)
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.EXPLAIN

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        plan = foresee(self.driver, parsed_args)
        return rows.EXPLAIN, [rows.reason(each) for each in plan.reasons]


def foresee(driver: "Driver", args: argparse.Namespace) -> "Plan":
    """The plan for what was typed, with nothing fetched or written."""
    return driver.plan(driver.build_instance(to_request(args), fetch=False))


def document(domain: "Domain") -> str:
    """libvirt's document as it may be shown: without the password of the screen."""
    from nova_xen.domain import format_domain

    screens = tuple(
        dataclasses.replace(screen, passwd=None) for screen in domain.devices.graphics
    )
    devices = dataclasses.replace(domain.devices, graphics=screens)
    return format_domain(dataclasses.replace(domain, devices=devices))


def what_is_left(driver: "Driver", plan: "Plan") -> str:
    """What became of a server whose making was interrupted, asked of the host."""
    name = plan.instance.name
    try:
        driver.get_info(plan.instance.uuid)
    except exceptions.ServerNotFound:
        return f"Server {name} was not created; what was begun was undone."
    except exceptions.NovaXenError:
        return f"Whether server {name} is there could not be asked; see server list."
    return f"Server {name} is there; see 'nova-xen server show {name}'."
