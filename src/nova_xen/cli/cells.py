# SPDX-License-Identifier: Apache-2.0
"""Cells that read differently for people and for programs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cliff.columns import FormattableColumn

from nova_xen.cli.terminal import shown

if TYPE_CHECKING:
    _Column = FormattableColumn[Any]
else:
    _Column = FormattableColumn  # generic in newer versions of cliff alone


class Records(_Column):
    """A list of mappings; for people, one on each line."""

    def human_readable(self) -> str:
        return "\n".join(_pairs(record, ", ") for record in self._value)


class Pairs(_Column):
    """A mapping; for people, a pair on each line."""

    def human_readable(self) -> str:
        return _pairs(self._value, "\n")


class Words(_Column):
    """A list of words; for people, with commas."""

    def human_readable(self) -> str:
        return ", ".join(self._value)


class Mark(_Column):
    """True or False; for people, the word warning or nothing."""

    def human_readable(self) -> str:
        return "warning" if self._value else ""


def _pairs(mapping: Mapping[str, Any], separator: str) -> str:
    return separator.join(
        f"{shown(str(key))}={shown(str(value))}"
        for key, value in mapping.items()
        if value is not None
    )
