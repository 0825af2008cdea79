# SPDX-License-Identifier: Apache-2.0
"""Pure decisions: from a request and a host's facts to a plan with its reasons."""

from nova_xen.planning.hostnames import default_hostname
from nova_xen.planning.names import check_name
from nova_xen.planning.plan import make_plan
from nova_xen.planning.retention import decide_removals
from nova_xen.planning.sizes import check_fits

__all__ = [
    "check_fits",
    "check_name",
    "decide_removals",
    "default_hostname",
    "make_plan",
]
