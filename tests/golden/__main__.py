# SPDX-License-Identifier: Apache-2.0
"""Write the golden documents anew: ``PYTHONPATH=src:tests python -m golden``.

Read the difference before it is committed: each line of it is a guest that will be
made otherwise than before.
"""

import pathlib

from golden.cases import cases
from nova_xen.domain import format_domain

FOLDER = pathlib.Path(__file__).parent


def main() -> None:
    """Replace every document by what planning gives now."""
    plans = cases()
    for old in FOLDER.glob("*.xml"):
        old.unlink()
    for name, plan in plans.items():
        (FOLDER / f"{name}.xml").write_text(format_domain(plan.domain), "utf-8")


if __name__ == "__main__":
    main()
