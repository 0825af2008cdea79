# SPDX-License-Identifier: Apache-2.0
"""The host's side of guests' networks."""

from nova_xen.network.bridges import host_bridges
from nova_xen.network.counters import host_side, other_side

__all__ = ["host_bridges", "host_side", "other_side"]
