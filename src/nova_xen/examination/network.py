# SPDX-License-Identifier: Apache-2.0
"""Bridges, and the scripts that are started for interfaces upon them."""

import os
from collections.abc import Iterator, Mapping

from nova_xen.examination.places import Places
from nova_xen.model import BridgeFacts
from nova_xen.model.doctor import NetworkFacts, ScriptFacts
from nova_xen.network import host_bridges

#: where libxl looks for a script that is named without a path
SCRIPTS = "/etc/xen/scripts"


def network_facts(vif_script: str | None, places: Places) -> NetworkFacts:
    """What is there.

    :param vif_script: the option of that name
    """
    bridges = host_bridges(places.at("/sys/class/net"))
    return NetworkFacts(
        bridges=bridges,
        scripts=tuple(
            _script(name, why, places) for name, why in _wanted(vif_script, bridges)
        ),
    )


def _wanted(
    vif_script: str | None, bridges: Mapping[str, BridgeFacts]
) -> Iterator[tuple[str, str]]:
    if vif_script:
        yield vif_script, "the option [xen] vif_script"
        return
    if any(not bridge.openvswitch for bridge in bridges.values()):
        yield "vif-bridge", "Xen's own for a bridge"
    if any(bridge.openvswitch for bridge in bridges.values()):
        yield "vif-openvswitch", "Xen's own for Open vSwitch"


def _script(name: str, why: str, places: Places) -> ScriptFacts:
    path = name if name.startswith("/") else str(places.at(f"{SCRIPTS}/{name}"))
    return ScriptFacts(
        path=path,
        why=why,
        exists=os.path.isfile(path),
        executable=os.access(path, os.X_OK),
    )
