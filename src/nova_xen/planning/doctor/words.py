# SPDX-License-Identifier: Apache-2.0
"""Findings made, and the words that the checks share."""

from collections.abc import Iterable

from nova_xen.model import GIB, MIB
from nova_xen.model.doctor import Finding, Severity

ADD_TO_XEN = (
    "on Xen's command line (GRUB_CMDLINE_XEN in /etc/default/grub, then update-grub) "
    "and boot again"
)


def ok(check: str, sentence: str) -> Finding:
    """A check that passed."""
    return Finding(check, Severity.OK, sentence)


def advice(check: str, sentence: str, fix: str) -> Finding:
    """What works, and an operator should know."""
    return Finding(check, Severity.ADVICE, sentence, fix)


def problem(check: str, sentence: str, fix: str) -> Finding:
    """What makes something fail that is asked of this host."""
    return Finding(check, Severity.PROBLEM, sentence, fix)


def size(number: int) -> str:
    """Bytes for people."""
    return f"{number / GIB:.1f} GiB" if number >= GIB else f"{number // MIB} MiB"


def listed(words: Iterable[str], *, joint: str = "and") -> str:
    """``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} {joint} {last}" if first else last


def counted(number: int, one: str, more: str) -> str:
    """``1 server`` or ``2 servers``."""
    return f"{number} {one if number == 1 else more}"


def dotted(number: int) -> str:
    """libvirt's integer 9000000 as 9.0.0."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
