# SPDX-License-Identifier: Apache-2.0
"""nova-xen doctor."""

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import Any

from cliff.lister import Lister

from nova_xen.cli import endings, rows
from nova_xen.cli.base import NovaXenCommand

#: by the values of Severity
_OK, _ADVICE, _PROBLEM = "ok", "advice", "problem"
#: cliff's for a command without -v or -q
_NORMAL = 1


class Doctor(NovaXenCommand, Lister):
    """Check this host and say the fix for each thing that is wrong.

    The exit code is 1 when there is a problem: something that will fail.
    """

    _number: "Counter[str]"
    _everything = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--all",
            action="store_true",
            help="list the checks that passed too, as -v does",
        )
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.DOCTOR

    def perform(self, parsed_args: argparse.Namespace) -> int:
        ended = super().perform(parsed_args)
        self.app.stdout.flush()
        self.app.remark(summary(self._number, everything=self._everything))
        return endings.FAILED if self._number[_PROBLEM] else ended

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        found = self.driver.examine_host()
        self._number = Counter(each.severity.value for each in found)
        verbose = self.app.options.verbose_level > _NORMAL
        self._everything = parsed_args.all or verbose
        return rows.DOCTOR, [
            rows.finding(each)
            for each in found
            if self._everything or each.severity.value != _OK
        ]


def summary(number: "Counter[str]", *, everything: bool) -> str:
    """How many findings there are of each kind."""
    more = "" if everything or not number[_OK] else "; --all lists these too"
    return (
        f"Problems: {number[_PROBLEM]}. Advice: {number[_ADVICE]}. "
        f"Passed: {number[_OK]}{more}."
    )
