# SPDX-License-Identifier: Apache-2.0
"""The kernel's own view of a migration's connection: found, measured, closed.

libxl offers no progress and no abort. The kernel has both: it counts what the other
host acknowledged, and it can close a connection under its process (``ss -K``), upon
which libxl gives the migration up and lets the guest go on at the source.
"""

from nova_xen.migration.sockets.kernel import KernelSockets

__all__ = ["KernelSockets"]
