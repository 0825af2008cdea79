# SPDX-License-Identifier: Apache-2.0
"""Bridges, and Xen's scripts that put interfaces upon them."""

from collections.abc import Iterator

from nova_xen.model import BridgeFacts
from nova_xen.model.doctor import Finding, NetworkFacts
from nova_xen.planning.doctor.words import listed, ok, problem


def bridges(facts: NetworkFacts) -> Iterator[Finding]:
    """Without one a server can have no network."""
    if facts.bridges:
        names = listed(map(_named, facts.bridges.values()))
        yield ok("bridges", f"This host has {names}.")
        return
    yield problem(
        "bridges",
        "This host has no bridge, so that servers can have no network.",
        "Make one, such as br0 in /etc/network/interfaces (apt install bridge-utils), "
        "and put the host's interface on it.",
    )


def _named(bridge: BridgeFacts) -> str:
    kind = ", Open vSwitch" if bridge.openvswitch else ""
    return f"{bridge.name} (MTU {bridge.mtu}{kind})"


def scripts(facts: NetworkFacts) -> Iterator[Finding]:
    """libxl starts one for each interface, and waits long for one that is not there."""
    for script in facts.scripts:
        if not script.exists:
            yield problem(
                "vif-script",
                f"The script {script.path} is not there ({script.why}): servers with a "
                "network cannot start.",
                "Install it (apt install xen-utils-common), or correct the option "
                "[xen] vif_script.",
            )
        elif not script.executable:
            yield problem(
                "vif-script",
                f"The script {script.path} cannot be run ({script.why}): servers with "
                "a network cannot start.",
                f"Let it be run (chmod +x {script.path}).",
            )
        else:
            yield ok("vif-script", f"{script.path} is there ({script.why}).")
