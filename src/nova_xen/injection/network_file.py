# SPDX-License-Identifier: Apache-2.0
"""/etc/network/interfaces as a file for guests that read no network_data.json."""

from nova_xen.injection.guest.errors import error_of
from nova_xen.injection.guest.network import is_needed
from nova_xen.injection.guest.problems import Problem
from nova_xen.injection.guest.render import read_template, render_interfaces
from nova_xen.model import Nic


def network_file(
    nics: tuple[Nic, ...], *, template: str | None, server: str
) -> bytes | None:
    """The file, or None when DHCP alone is used.

    Nova puts it on a config drive as ``network_config``; older cloudbase-init reads it.

    :param template: path of the operator's, None for ours
    :raises InjectionRefused, InjectionUnavailable: the template is wrong or not there
    """
    if not is_needed(nics):
        return None
    try:
        return render_interfaces(nics, read_template(template)).encode()
    except Problem as problem:
        raise error_of(problem.kind, problem.why, problem.other, server) from problem
