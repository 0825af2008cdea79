# SPDX-License-Identifier: Apache-2.0
"""Draw the golden picture anew; look at it before it is committed.

``PYTHONPATH=src:tests python -m unit.migration.plotted``
"""

import pathlib

from nova_xen.migration.plot import plot
from unit.cli.migrations import make_record

if __name__ == "__main__":
    path = pathlib.Path(__file__).with_name("plot.svg")
    path.write_text(plot(make_record()))
