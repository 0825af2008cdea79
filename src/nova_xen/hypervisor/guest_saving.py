# SPDX-License-Identifier: Apache-2.0
"""libvirt's calls about a guest's memory on disk; a part of the handle on a guest."""

import abc
from typing import Any

import libvirt

from nova_xen.hypervisor.connection import Connection
from nova_xen.hypervisor.deadlines import Kind
from nova_xen.hypervisor.saves import SaveFolder
from nova_xen.model import SavedFiles, SavedMemory
from nova_xen.planning.saving import where_memory_is


class GuestSaving(abc.ABC):
    """Save, and what there is of a save; one round trip a method where none is told."""

    name: str
    _connection: Connection

    @abc.abstractmethod
    def _call(
        self, method: str, *arguments: Any, doing: str, kind: Kind = Kind.QUERY
    ) -> Any:
        """Call libvirt about this guest."""

    @property
    def saves(self) -> SaveFolder:
        """Where libvirt keeps saved memory; no round trip."""
        return self._connection.saves

    def saved_files(self) -> SavedFiles | None:
        """What is there of this guest, None when it cannot be seen; no round trip."""
        return self.saves.look(self.name)

    def has_saved_memory(self) -> bool:
        """Whether there is memory to go on with, of a guest that has no domain.

        No round trip, but one where the folder of saved memory cannot be seen. Only for
        a guest that has not ended otherwise (:func:`power.may_be_saved`).
        """
        files = self.saved_files()
        if files is None:
            return self.has_image()
        memory = where_memory_is(files, active=False, ended=False)
        return memory is not SavedMemory.NONE

    def has_image(self) -> bool:
        """What libvirt believes of it; wrong after a restore that failed."""
        doing = "looking for saved memory of"
        return bool(self._call("hasManagedSaveImage", 0, doing=doing))

    def save(self) -> None:
        """Stop the guest, keep its memory on disk and end its domain.

        libxl asks the guest to suspend itself, so that a paused one is refused. When it
        fails the domain may be left suspended in Xen, which libvirt does not tell, and
        a part of an image that the next start would restore.
        """
        self._call("managedSave", 0, doing="suspending", kind=Kind.SAVE)

    def discard_image(self) -> None:
        """Remove the saved memory that libvirt's next start would restore.

        :raises HypervisorError: among others, there is none ("the cause is unknown")
        """
        doing = "throwing away the saved memory of"
        self._call("managedSaveRemove", 0, doing=doing, kind=Kind.DEFINE)

    def dump(self, path: str, *, crash: bool = False) -> None:
        """Have the memory written into a file, which is overwritten.

        :param crash: end the guest then, as one that crashed; else it goes on meanwhile
        """
        flags = libvirt.VIR_DUMP_CRASH if crash else libvirt.VIR_DUMP_LIVE
        self._call("coreDump", path, flags, doing="dumping", kind=Kind.SAVE)

    def has_job(self) -> bool:
        """Whether libvirt is at work on it: saves, restores, starts, migrates."""
        return bool(self._call("jobInfo", doing="asking for the work on")[0])

    def is_asleep(self) -> bool:
        """Whether libvirt knows that it stands still suspended, with its domain.

        It does of a guest that a killed libvirtd was saving, once it is started again.
        """
        state = self._call("state", doing="reading the state of")[0]
        return bool(state == libvirt.VIR_DOMAIN_PMSUSPENDED)

    def wake(self) -> None:
        """Let a guest go on that is asleep; ``resume`` would do nothing."""
        self._call("pMWakeup", 0, doing="waking", kind=Kind.RESUME)
