# SPDX-License-Identifier: Apache-2.0
"""What the host's CPU can do.

Round trips: two. The capabilities name a model and what the CPU has beyond it;
``baselineCPU`` says what the model means.
"""

import functools

import libvirt

from nova_xen import exceptions
from nova_xen.hypervisor import capabilities
from nova_xen.hypervisor.connection import Connection, Raw
from nova_xen.hypervisor.errors import LibvirtError

_EXPAND = libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES


def host_cpu_features(connection: Connection) -> frozenset[str]:
    """The features of the host's CPU by libvirt's words.

    Those of its model are left out where libvirt cannot say them.

    :raises HypervisorError: libvirt cannot be asked, or its document not be read
    """
    doing = "reading what the host's CPU can do"
    try:
        listed, expanded = connection.together(
            functools.partial(_ask, connection), doing=doing
        )
        found = capabilities.cpu_features(listed)
        return found | capabilities.cpu_features(expanded) if expanded else found
    except ValueError as error:
        raise exceptions.HypervisorError(
            doing=doing, server="", why=str(error), code=None
        ) from error


def _ask(connection: Connection, raw: Raw) -> tuple[str, str | None]:
    """The ``<cpu>`` of the host, and the same with its model's features."""
    cpu = capabilities.host_cpu(connection.direct(raw, "getCapabilities"))
    try:
        expanded = connection.direct(raw, "baselineCPU", [cpu], _EXPAND)
    except LibvirtError:
        return cpu, None
    return cpu, expanded
