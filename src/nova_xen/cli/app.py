# SPDX-License-Identifier: Apache-2.0
"""The application: global options, the driver, and how a command ends."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from typing import Any, TextIO

from cliff.app import App

from nova_xen.cli import endings, logs, signals
from nova_xen.cli.commands import NAMESPACE, Commands, Complete, Help
from nova_xen.cli.progress import ProgressLine
from nova_xen.cli.session import Driver, Opener, open_driver
from nova_xen.cli.terminal import one_line
from nova_xen.version import package_version

NAME = "nova-xen"
DESCRIPTION = "Xen guests on this host, through libvirt; OpenStack is not needed."
USAGE_ERROR = 2


class NovaXen(App):
    """The command ``nova-xen``; ``opener`` makes the driver when it is first used."""

    NAME = NAME
    command_manager: Commands

    def __init__(
        self,
        *,
        opener: Opener = open_driver,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        super().__init__(
            description=DESCRIPTION,
            version=package_version(),
            command_manager=Commands(NAMESPACE),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            deferred_help=True,
        )
        self.command_manager.add_command("help", Help)
        self.command_manager.add_command("complete", Complete)
        self._opener = opener
        self._driver: Driver | None = None

    @property
    def driver(self) -> Driver:
        """The driver of this host, opened at the first use.

        :raises NovaXenError: the configuration is wrong or libvirt is out of reach
        """
        if self._driver is None:
            files = tuple(self.options.config_file or ())
            self._driver = self._opener(files, self.options.connection)
        return self._driver

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, Any] | None = None,
    ) -> argparse.ArgumentParser:
        """The options that every command takes."""
        # options of commands must not be taken for short forms of the global ones
        kwargs = {"prog": NAME, "allow_abbrev": False, "conflict_handler": "resolve"}
        parser = super().build_option_parser(description, version, kwargs)
        parser.add_argument("--version", action="version", version=f"{NAME} {version}")
        parser.add_argument(
            "--connection",
            metavar="URI",
            help="URI of libvirt (default: the option [libvirt] connection_uri, else "
            "xen:///system)",
        )
        parser.add_argument(
            "--config-file",
            action="append",
            metavar="FILE",
            help="configuration file, may be repeated (default: "
            "/etc/nova-xen/nova-xen.conf where it exists)",
        )
        return parser

    def configure_logging(self) -> None:
        """Send log records to stderr and to the file of ``--log-file``."""
        try:
            logs.configure(self.options, self.stderr)
        except OSError as error:
            self.parser.error(
                f"argument --log-file: {error.strerror}: {error.filename}"
            )

    def initialize_app(self, argv: list[str]) -> None:
        """Refuse a call without a command; cliff would open a shell of its own."""
        if not argv and not self.options.deferred_help:
            self.parser.error(f"name a command; '{NAME} --help' lists them")

    def print_help_if_requested(self) -> None:
        """End with the overview when ``--help`` was given without a command."""
        if self.options.deferred_help:
            self.print_overview()
            raise SystemExit(0)

    def print_overview(self) -> None:
        """Print the options and the commands."""
        overview = self.command_manager.overview()
        self.stdout.write(f"{self.parser.format_help()}\nCommands:\n{overview}\n")

    def run_subcommand(self, argv: list[str]) -> int:
        """Run the command that ``argv`` begins with, or say which ones are near."""
        try:
            self.command_manager.find_command(argv)
        except ValueError:
            return self._unknown_command(argv)
        return int(super().run_subcommand(argv))

    def _unknown_command(self, argv: list[str]) -> int:
        typed = one_line(" ".join(argv))
        lines = [f"{NAME}: '{typed}' is no command; '{NAME} --help' lists them."]
        if near := self.get_fuzzy_matches(argv[0]):
            lines += ["Did you mean one of these?", *(f"  {name}" for name in near)]
        self._say(lines)
        return USAGE_ERROR

    def progress(self) -> ProgressLine:
        """A line on the terminal for long work, silent elsewhere."""
        return ProgressLine(self.stderr, quiet=self.options.verbose_level == 0)

    def warn(self, text: str) -> None:
        """Tell the user something that does not end the command."""
        self._say([f"Warning: {one_line(text)}"])

    def remark(self, text: str) -> None:
        """Tell the user something beside what was asked for, unless he wants less."""
        if self.options.verbose_level:
            self._say([one_line(text)])

    def usage_error(self, command: str | None, text: str) -> int:
        """Tell what is wrong with the arguments; gives the exit code."""
        self._say([f"{NAME} {command}: error: {one_line(text)}"])
        return USAGE_ERROR

    def fail(self, error: BaseException) -> int:
        """Tell why a command failed or was stopped; gives the exit code."""
        self._say(endings.lines(error))
        logs.record(error)
        if self.options.debug:
            traceback.print_exception(error, file=self.stderr)
        return endings.exit_code(error)

    def _say(self, lines: Sequence[str]) -> None:
        self.stderr.write("".join(f"{line}\n" for line in lines))
        self.stderr.flush()


def main(argv: Sequence[str] | None = None, *, opener: Opener = open_driver) -> int:
    """Run the command; gives its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    endings.never_fail_to_print(sys.stdout, sys.stderr)
    try:
        with signals.interruptible():
            code = NovaXen(opener=opener).run(arguments)
    except KeyboardInterrupt as stop:
        code = endings.exit_code(stop)
    return endings.flush(code)
