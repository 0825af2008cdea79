# SPDX-License-Identifier: Apache-2.0
"""Files of saved memory: room for them, and those that are not the guest's any more.

libvirt restores what it finds at each start of a guest, also at its own reboot. Memory
from before a guest last ran would destroy its file systems.
"""

import logging
import os

from nova_xen import exceptions
from nova_xen.hypervisor import Guest
from nova_xen.images import hold_server
from nova_xen.model import MIB
from nova_xen.operations.host import Host
from nova_xen.planning.saving import room_for

LOG = logging.getLogger(__name__)


def forget_saved(guest: Guest) -> None:
    """Throw away what is saved of a guest; nothing where its folder cannot be seen.

    :raises HypervisorError, SaveFolderFailed: something is left
    """
    files = guest.saved_files()
    if files is None:
        return
    if files.image:
        guest.discard_image()
    if files.image or files.kept:
        guest.saves.drop_kept(guest.name)


def forget_beside(guest: Guest) -> None:
    """Remove files that a guest with a domain cannot need; for who is alone with it.

    A save that failed under a killed process leaves them, or a resume that was killed.
    They are libvirt's while it saves or restores the guest, and the guest's own once a
    save is done: what was running before may have no domain by now.

    :raises HypervisorError, SaveFolderFailed: something is left
    """
    files = guest.saved_files()
    if files is None or not (files.image or files.kept) or guest.has_job():
        return
    if not guest.is_active():
        return
    LOG.warning("Server %s: removing memory saved before it last ran", guest.name)
    forget_saved(guest)


def forget_stale(host: Host, guest: Guest) -> None:
    """The same for who is not alone: another process's files are left to it."""
    files = guest.saved_files()
    if files is None or not (files.image or files.kept):
        return
    with hold_server(host.options.instances_path, guest.uuid) as free:
        if free:
            forget_beside(guest)


def require_visible(guest: Guest) -> str:
    """The folder of saved memory, which a safe save and restore must see.

    :raises HostCannot: it is not there, or this process may not look into it
    """
    folder = guest.saves.path
    if folder is None or guest.saved_files() is None:
        raise exceptions.HostCannot(
            server=guest.name,
            why=f"it cannot look into {folder}, where libvirt keeps saved memory; be "
            "root, or set [xen] saved_memory_path",
        )
    return folder


def require_room(folder: str, memory_kib: int, *, server: str, action: str) -> None:
    """Refuse what would not fit, before anything is written.

    :param action: what is to be done, as "suspended"
    :raises NotEnoughRoom:
    """
    status = os.statvfs(folder)
    free, need = status.f_bavail * status.f_frsize, room_for(memory_kib)
    if need > free:
        raise exceptions.NotEnoughRoom(
            server=server,
            action=action,
            folder=folder,
            need_mib=-(-need // MIB),
            free_mib=free // MIB,
        )
