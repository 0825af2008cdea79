# SPDX-License-Identifier: Apache-2.0
"""Which commands there are, and the two about commands themselves."""

import argparse
import inspect
from importlib import metadata

from cliff.commandmanager import CommandManager
from cliff.complete import CompleteCommand
from cliff.help import HelpCommand

from nova_xen.cli.base import NovaXenCommand, UsageError

NAMESPACE = "nova_xen.cli"


class Commands(CommandManager):
    """The commands of installed packages, by their entry points.

    A command is imported when it is called; cliff would import them all at each start.
    """

    def load_commands(self, namespace: str) -> None:
        """Find the commands of a group of entry points."""
        self.group_list.append(namespace)
        for found in metadata.entry_points(group=namespace):
            self.commands[found.name.replace("_", " ")] = found

    def overview(self) -> str:
        """All commands, with a line on each."""
        names = sorted(name for name, _entry_point in self)
        width = max(map(len, names))
        return "\n".join(
            f"  {name:<{width}}  {self._headline(name)}".rstrip() for name in names
        )

    def _headline(self, name: str) -> str:
        try:
            factory = self.commands[name].load()
        except ImportError as error:
            return f"(cannot be loaded: {error})"
        return (inspect.getdoc(factory) or "").split("\n")[0].rstrip(".")


class Help(NovaXenCommand, HelpCommand):
    """Tell about the commands, or about the options of one."""

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        if parsed_args.cmd:
            return self._of_command(parsed_args)
        self.app.print_overview()
        return 0

    def _of_command(self, args: argparse.Namespace) -> int:
        try:
            return int(super().take_action(args) or 0)
        except ValueError:
            raise UsageError(f"{' '.join(args.cmd)!r} is no command") from None


class Complete(NovaXenCommand, CompleteCommand):
    """Print what makes bash complete commands and options."""
