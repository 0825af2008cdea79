# SPDX-License-Identifier: Apache-2.0
"""What every command has: the driver, its errors as sentences, checked columns."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cliff.command import Command

if TYPE_CHECKING:
    from nova_xen.cli.app import NovaXen
    from nova_xen.cli.session import Driver


class UsageError(Exception):
    """Arguments that argparse took and that do not go together."""


class NovaXenCommand(Command):
    """Base of the commands; stands before cliff's classes among a command's bases."""

    app: "NovaXen"

    @property
    def driver(self) -> "Driver":
        """The driver, opened at its first use."""
        return self.app.driver

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        """What the command shows; empty when it shows no columns."""
        return ()

    def get_epilog(self) -> str:
        """What help ends with; cliff would look through all installed packages."""
        return self._epilog or ""

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Do the command and tell how it ended; gives the exit code."""
        try:
            self._check_columns(parsed_args)
            return self.perform(parsed_args)
        except UsageError as error:
            return self.app.usage_error(self.cmd_name, str(error))
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as error:
            return self.app.fail(error)

    def perform(self, parsed_args: argparse.Namespace) -> int:
        """What cliff does for a command of this kind."""
        return int(super().run(parsed_args))

    def _check_columns(self, args: argparse.Namespace) -> None:
        # cliff would notice only when the work is done, and not a second wrong one
        known = self.columns(args)
        if not known:
            return
        plain = {_plain(column) for column in known}
        wrong = [name for name in args.columns if _plain(name) not in plain]
        if wrong:
            listed = ", ".join(known)
            raise UsageError(f"there is no column {wrong[0]!r}; there are: {listed}")


def _plain(column: str) -> str:
    """A column's name as cliff compares it."""
    return column.lower().strip().replace(" ", "_")
