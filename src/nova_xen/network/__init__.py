# SPDX-License-Identifier: Apache-2.0
"""The host's side of guests' networks."""

from nova_xen.network.bridges import host_bridges

__all__ = ["host_bridges"]
