# SPDX-License-Identifier: Apache-2.0
"""benchmarks/ stands at the top of the repository, where pytest does not look."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))
