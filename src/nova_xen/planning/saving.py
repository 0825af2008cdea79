# SPDX-License-Identifier: Apache-2.0
"""Saved memory: which file is it, and what room does it need.

A guest must never be given memory from before it last ran: its disks have gone on
since, and a file system that does not fit the memory is destroyed. A file of memory is
therefore stale as soon as its guest has a domain.
"""

from nova_xen.model import MIB, SavedFiles, SavedMemory

#: what is written beside the guest's own pages: their numbers, 16 bytes each at most,
#: the state of its devices and, of an HVM guest, the memory of its screen
_PER_PAGE = 16
_PAGE = 4096
_BESIDE = 64 * MIB
_KIB = 1024


def where_memory_is(files: SavedFiles, *, active: bool, ended: bool) -> SavedMemory:
    """Where the memory is that the next start must go on with; else it boots anew.

    ====== ===== ===== ==== ====== ===================================================
    domain ended image kept memory why
    ====== ===== ===== ==== ====== ===================================================
    yes    any   any   any  none   it is in the domain; files beside it are left of a
                                   save that failed, or of a resume that was killed
    no     yes   any   any  none   it has run since, and ended otherwise than by a save
    no     no    yes   any  image  libvirt has not begun to restore it; kept is the
                                   same file, or older
    no     no    no    yes  kept   libvirt removed the image for a restore that failed
    no     no    no    no   none
    ====== ===== ===== ==== ====== ===================================================

    The kept name goes before the guest is let run, and the folder is written to the
    disk then. Where it is found without a domain the guest has not run, unless a person
    let the guest run that a killed resume had left paused. How it ended tells of that,
    until libvirtd is restarted. So the name is removed by every command that meets the
    guest with a domain and changes its power state, its devices or its host, or dumps
    it; what another process, or libvirt itself, is at work on is left to that.

    :param active: there is a domain
    :param ended: libvirt says that it was shut down, destroyed, migrated or crashed
    """
    if active or ended:
        return SavedMemory.NONE
    if files.image:
        return SavedMemory.IMAGE
    return SavedMemory.KEPT if files.kept else SavedMemory.NONE


def room_for(memory_kib: int) -> int:
    """Bytes that a file with a guest's memory may take."""
    memory = memory_kib * _KIB
    return memory + memory // _PAGE * _PER_PAGE + _BESIDE
