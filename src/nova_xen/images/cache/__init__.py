# SPDX-License-Identifier: Apache-2.0
"""What is kept for the servers to come: bases and imports, and its upkeep."""
