# SPDX-License-Identifier: Apache-2.0
"""Write a server's memory into a file, for crash(8) and its like."""

import contextlib
import datetime
import os

from nova_xen import exceptions
from nova_xen.hypervisor import Guest, LogMark
from nova_xen.images import folder_of
from nova_xen.model import CoreDump, PowerState
from nova_xen.operations.alone import wrong_state
from nova_xen.operations.host import Host
from nova_xen.operations.saved import forget_stale, require_room
from nova_xen.operations.steps import Step, run_steps

#: below the server's folder, and removed with it
FOLDER = "dumps"
#: a guest's memory holds its secrets
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_PART = ".part"


def dump(
    host: Host, name: str, path: str | None = None, *, crash: bool = False
) -> CoreDump:
    """Dump a server's memory in the format of Xen's core files.

    The guest goes on meanwhile, so that the parts of the dump are of different moments.
    Until it is whole the file's name ends with ``.part``; killed meanwhile, that is
    what is left, and libvirt goes on with it.

    :param path: the file, which must not be there; None: one in the server's folder
    :param crash: let the guest stand still and end it then, as one that has crashed
    :raises WrongState: there is no memory to dump
    :raises DumpRefused: the file is there already, or cannot be made
    :raises NotEnoughRoom: the memory does not fit there
    :raises StepFailed: libxl failed; no file is left
    """
    guest, domain = host.find(name)
    state = guest.state()
    if state not in (PowerState.RUNNING, PowerState.PAUSED):
        raise wrong_state(name, "dumped", state, "only memory in use can be")
    forget_stale(host, guest)
    target = os.path.abspath(path) if path else _default(host, guest)
    file = _File(target, server=guest.name)
    file.refuse_taken()
    require_room(file.folder, domain.memory, server=name, action="dumped")
    steps = [
        Step("make the file", file.make, file.remove),
        Step("dump its memory", lambda: guest.dump(file.part, crash=crash)),
    ]
    run_steps(guest.name, "dumped", steps, LogMark.take(guest.name))
    return CoreDump(server=guest.name, path=target, size=file.finish())


def _default(host: Host, guest: Guest) -> str:
    """A file of this moment in the server's folder; the folder for it is made."""
    folder = os.path.join(folder_of(host.options.instances_path, guest.uuid), FOLDER)
    moment = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        os.makedirs(folder, mode=_FOLDER_MODE, exist_ok=True)
    except OSError as error:
        raise _refused(guest.name, folder, error) from error
    return os.path.join(folder, f"{guest.name}-{moment}.core")


def _refused(server: str, path: str, error: OSError) -> exceptions.DumpRefused:
    why = error.strerror or str(error)
    return exceptions.DumpRefused(server=server, path=path, why=why)


class _File:
    """The file of a dump; libxl opens what it is given and overwrites it as root.

    It is made here first, so that nobody else's file or link stands in its place.
    """

    def __init__(self, path: str, *, server: str) -> None:
        self._path = path
        self._server = server
        self.part = path + _PART
        self.folder = os.path.dirname(path)
        self._made = False

    def refuse_taken(self) -> None:
        """See that nothing is there.

        :raises DumpRefused:
        """
        for path in (self._path, self.part):
            if os.path.lexists(path):
                raise exceptions.DumpRefused(
                    server=self._server, path=path, why="it exists already"
                )
        if not os.path.isdir(self.folder):
            raise exceptions.DumpRefused(
                server=self._server, path=self.folder, why="there is no such folder"
            )

    def make(self) -> None:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        try:
            os.close(os.open(self.part, flags, _FILE_MODE))
        except OSError as error:
            raise _refused(self._server, self.part, error) from error
        self._made = True

    def remove(self) -> None:
        """Undo; a file of somebody else stays."""
        if self._made:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.part)

    def finish(self) -> int:
        """Give the file its name; its size in bytes."""
        try:
            os.rename(self.part, self._path)
            return os.lstat(self._path).st_size
        except OSError as error:
            raise _refused(self._server, self._path, error) from error
