# SPDX-License-Identifier: Apache-2.0
"""How fast, and with how many round trips; see doc/contributor/benchmarks.rst."""
