# SPDX-License-Identifier: Apache-2.0
"""The table of attacks for the documentation: ``PYTHONPATH=src:tests python -m
unit.attacks.table`` writes it."""

import pathlib

from unit.attacks.attacks import ROWS

PAGE = pathlib.Path(__file__).parents[3] / "doc" / "attacks.rst"
HEAD = """\
=======
Attacks
=======

Ways by which images and servers got at a host, as they were found in Nova and around
it. ``tests/unit/attacks`` makes each one again on every run, with a file of the host
that the attack is after; ``tests/unit/images/test_traced.py`` has the kernel tell that
no program on the way of an image opens any other file.

.. list-table::
   :header-rows: 1
   :widths: 20 45 35

   * - attack
     - what was done
     - what happens here
"""
#: (name, what, here): tried elsewhere, or not possible yet
ELSEWHERE = [
    (
        "CVE-2012-3361",
        "links on the guest's disk lead injected files into the host",
        "files are written inside libguestfs's machine, and links out of their place "
        "are refused: ``tests/appliance/test_traps.py``",
    ),
    (
        "CVE-2012-3447",
        "the same through folders that only root may read",
        "the same",
    ),
    (
        "CVE-2020-17376",
        "after a live migration a reboot takes devices of the source's document",
        "there is no live migration yet",
    ),
    (
        "CVE-2023-2088",
        "a volume that was detached by force reaches another server",
        "there are no volumes yet",
    ),
]


def page() -> str:
    """The whole page."""
    rows = [(row.cve, row.what, row.here) for row in ROWS]
    return HEAD + "".join(
        f"   * - {cve}\n     - {what}\n     - {here}\n"
        for cve, what, here in sorted([*rows, *ELSEWHERE])
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
