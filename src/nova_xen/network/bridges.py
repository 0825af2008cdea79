# SPDX-License-Identifier: Apache-2.0
"""The host's bridges: Linux's from /sys, Open vSwitch's from its own tool."""

import logging
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from nova_xen.model import BridgeFacts

LOG = logging.getLogger(__name__)

SYS_CLASS_NET = Path("/sys/class/net")
#: Open vSwitch's database; without it there are no bridges to ask for
OVS_SOCKET = Path("/run/openvswitch/db.sock")
#: seconds; ovs-vsctl waits for ever when its daemon is down
OVS_TIMEOUT = 10
DEFAULT_MTU = 1500


def host_bridges(
    sys_class_net: Path = SYS_CLASS_NET,
    *,
    ovs_vsctl: str = "ovs-vsctl",
    ovs_socket: Path = OVS_SOCKET,
) -> Mapping[str, BridgeFacts]:
    """All bridges of the host by name."""
    found = linux_bridges(sys_class_net)
    for name in openvswitch_bridges(ovs_vsctl, ovs_socket):
        mtu = _mtu(sys_class_net / name)
        found[name] = BridgeFacts(name=name, mtu=mtu, openvswitch=True)
    return found


def linux_bridges(sys_class_net: Path = SYS_CLASS_NET) -> dict[str, BridgeFacts]:
    """The kernel's bridges: the devices that have a folder ``bridge`` in /sys."""
    return {
        path.parent.name: BridgeFacts(name=path.parent.name, mtu=_mtu(path.parent))
        for path in sorted(sys_class_net.glob("*/bridge"))
    }


def _mtu(device: Path) -> int:
    """Bytes; the default of Ethernet for a device that is not there or going."""
    try:
        return int((device / "mtu").read_text())
    except (OSError, ValueError):
        return DEFAULT_MTU


def openvswitch_bridges(
    ovs_vsctl: str = "ovs-vsctl", ovs_socket: Path = OVS_SOCKET
) -> tuple[str, ...]:
    """The names of Open vSwitch's bridges; none when it is not installed or down."""
    program = shutil.which(ovs_vsctl) if ovs_socket.exists() else None
    if program is None:
        return ()
    command = [program, f"--timeout={OVS_TIMEOUT}", "list-br"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            text=True,
            timeout=2 * OVS_TIMEOUT,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        LOG.warning("Open vSwitch's bridges are not known: %s", error)
        return ()
    return tuple(done.stdout.split())
