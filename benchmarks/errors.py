# SPDX-License-Identifier: Apache-2.0
"""Why a benchmark could not be run."""


class BenchmarkError(Exception):
    """One sentence: what is missing or went wrong, and what to do."""
