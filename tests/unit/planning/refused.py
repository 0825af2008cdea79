# SPDX-License-Identifier: Apache-2.0
"""The list of what is refused, for the documentation: ``PYTHONPATH=src:tests python -m
unit.planning.refused`` writes it."""

import pathlib
from collections.abc import Iterable

from nova_xen.planning import impossible

PAGE = pathlib.Path(__file__).parents[3] / "doc" / "properties.rst"
MARK = "This list is written by a program.\n"
HEAD = """
.. list-table::
   :header-rows: 1
   :widths: 30 70

   * - image property or extra spec
     - why not, and what is harmless
"""


def entry(name: str, refused: impossible.Impossible) -> str:
    """One row."""
    harmless = ", ".join(f"``{word}``" for word in refused.harmless)
    why = f"{refused.why}; harmless: {harmless}" if harmless else refused.why
    return f"   * - ``{name}``\n     - {why}\n"


def rows() -> Iterable[str]:
    """Properties, extra specs, and whole families of these."""
    families = {
        f"{prefix}*": refused
        for prefix, refused in impossible.EXTRA_SPEC_PREFIXES.items()
    }
    for table in (impossible.PROPERTIES, impossible.EXTRA_SPECS, families):
        for name in sorted(table):
            yield entry(name, table[name])


def page(written: str) -> str:
    """The page with its list as it should be."""
    return written.partition(MARK)[0] + MARK + HEAD + "".join(rows())


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
