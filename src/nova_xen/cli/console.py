# SPDX-License-Identifier: Apache-2.0
"""nova-xen server console log."""

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from nova_xen.cli import values
from nova_xen.cli.base import NovaXenCommand, UsageError
from nova_xen.cli.terminal import ConsoleText
from nova_xen.exceptions import ConsoleUnavailable

if TYPE_CHECKING:
    from nova_xen.cli.session import Driver

SOME = 100 * 1024
#: as much of a log as is read at most
ALL = 64 * 1024 * 1024


class ConsoleLog(NovaXenCommand):
    """Show what a server printed on its console.

    Escape sequences are left out and other control characters are shown as escapes,
    since a guest may print anything.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME", help="name or UUID of the server")
        parser.add_argument(
            "--lines",
            metavar="N",
            type=values.whole(0, "lines"),
            help=f"only the last N lines (default: the last {SOME // 1024} KiB, "
            "with --follow everything)",
        )
        parser.add_argument(
            "--follow",
            action="store_true",
            help="go on with what the guest prints, until it is off",
        )
        parser.add_argument(
            "--raw",
            action="store_true",
            help="the bytes as they are; not onto a terminal",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        if parsed_args.raw and self.app.stdout.isatty():
            raise UsageError(
                "--raw needs stdout to be a file or a pipe, since a guest could take "
                "control of a terminal"
            )
        name, count = parsed_args.name, parsed_args.lines
        pieces: Iterable[bytes]
        if parsed_args.follow:
            pieces = follow(self.driver, name, count)
        else:
            pieces = [printed(self.driver, name, count)]
        self._copy(pieces, raw=parsed_args.raw)
        return 0

    def _copy(self, pieces: Iterable[bytes], *, raw: bool) -> None:
        text = ConsoleText()
        for piece in pieces:
            if raw:
                self.app.stdout.buffer.write(piece)
            else:
                self.app.stdout.write(text.feed(piece))
            self.app.stdout.flush()
        if not raw:
            self.app.stdout.write(text.feed(b"", final=True))


def printed(driver: "Driver", name: str, count: int | None) -> bytes:
    """What the guest printed last: some of it, or ``count`` lines."""
    size = SOME
    output = driver.get_console_output(name, size)
    if count is None:
        return output
    while output.count(b"\n") <= count and len(output) >= size and size < ALL:
        size *= 8
        output = driver.get_console_output(name, size)
    return last_lines(output, count)


def last_lines(output: bytes, count: int) -> bytes:
    """The last ``count`` lines; the last one may lack its end."""
    lines = output.splitlines(keepends=True) if count else []
    return b"".join(lines[-count:])


def follow(driver: "Driver", name: str, count: int | None) -> Iterator[bytes]:
    """The last ``count`` lines, or everything, and what comes after."""
    coming = driver.follow_console(name)
    if count is None:
        yield from coming
        return
    try:
        before = driver.get_console_output(name, ALL)
    except ConsoleUnavailable:
        before = b""  # nothing was printed yet
    yield last_lines(before, count)
    yield from skip(coming, len(before))


def skip(pieces: Iterable[bytes], count: int) -> Iterator[bytes]:
    """The pieces without their first ``count`` bytes."""
    for piece in pieces:
        if rest := piece[count:]:
            yield rest
        count = max(0, count - len(piece))
