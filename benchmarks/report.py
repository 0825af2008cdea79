# SPDX-License-Identifier: Apache-2.0
"""What a benchmark found: figures with their spread, as text and as JSON."""

import dataclasses
import statistics
from collections.abc import Iterable, Sequence
from typing import Any, Self


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """One quantity measured ``samples`` times; counted ones have no spread."""

    name: str
    unit: str
    minimum: float
    median: float
    maximum: float
    samples: int

    @classmethod
    def of(cls, name: str, unit: str, values: Sequence[float]) -> Self:
        """The figure for some measured values, of which there is at least one."""
        return cls(
            name=name,
            unit=unit,
            minimum=min(values),
            median=statistics.median(values),
            maximum=max(values),
            samples=len(values),
        )

    def __str__(self) -> str:
        spread = ""
        if self.minimum != self.maximum:
            spread = f"  ({_short(self.minimum)} to {_short(self.maximum)})"
        return f"{self.name:<50} {_short(self.median):>8} {self.unit}{spread}"


def ratios(above: Iterable[float], below: Iterable[float]) -> list[float]:
    """The quotient of each pair measured in the same round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def _short(number: float) -> str:
    """Three digits that count, and no decimals of a large or whole number."""
    if number == int(number) or abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:#.3g}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """All figures of one benchmark, and what a reader must know of them."""

    benchmark: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def median(self, name: str) -> float:
        """The median of the figure ``name``.

        :raises KeyError: there is none of that name
        """
        return {each.name: each.median for each in self.figures}[name]

    def lines(self) -> list[str]:
        """The report for a person."""
        notes = [f"  note: {note}" for note in self.notes]
        return [self.benchmark, *(f"  {each}" for each in self.figures), *notes]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Self:
        """The report that ``to_dict`` of another process gave."""
        figures = tuple(Figure(**each) for each in found["figures"])
        return cls(
            benchmark=found["benchmark"], figures=figures, notes=tuple(found["notes"])
        )
