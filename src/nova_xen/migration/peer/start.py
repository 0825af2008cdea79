# SPDX-License-Identifier: Apache-2.0
"""A server started from its disks, when no memory of it can be used any more.

And memory on disk that is none of a server which arrives.
"""

import logging

from nova_xen import exceptions
from nova_xen.hypervisor import OFF_STATES, Connection, find_guest
from nova_xen.migration.peer.actions import Scene
from nova_xen.migration.peer.sight import domains_of
from nova_xen.model import PowerState
from nova_xen.operations.host import Host
from nova_xen.operations.power import power_on

LOG = logging.getLogger(__name__)


def forget_saved(connection: Connection, name: str) -> None:
    """Remove saved memory under the name of a server that is to arrive.

    libvirt would restore it at the server's own next reboot, with newer disks.

    :raises SaveFolderFailed: it cannot be removed
    """
    if connection.saves.forget(name):
        LOG.warning("Server %s: memory saved here before it came was removed", name)


def start(host: Host, scene: Scene) -> None:
    """Start the server; nothing when it has a domain that runs.

    libvirt may still show the domain that Xen has just ended, which is waited for.

    :raises ToolstackFailed: it has a domain that stands still and was not ended
    :raises NovaXenError: it cannot be started, with the reason
    """
    found = domains_of(scene.toolstack, scene.uuid, scene.name)
    left = [each for each in found if not each.dying]
    if any(not (each.paused or each.suspended or each.ended) for each in left):
        return
    if left:
        doing = f"starting server {scene.name} on host {scene.here}"
        why = f"it still has domain {left[0].domid} there, which stands still"
        raise exceptions.ToolstackFailed(doing=doing, why=why)
    guest = find_guest(scene.connection, scene.uuid)
    guest.wait_for_state(_is_off, scene.patience.domain)
    power_on(host, scene.uuid, discard_memory=True)


def _is_off(state: PowerState | None) -> bool:
    return state is None or state in OFF_STATES
