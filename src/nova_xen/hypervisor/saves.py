# SPDX-License-Identifier: Apache-2.0
"""The files of libvirt's managed saves, on the host itself.

libvirt's libxl driver keeps the memory of a guest in ``NAME.save`` and removes that
file before it restores the guest (libxlDomainStart, libvirt 9.0), so that a restore
that fails would lose it. ``NAME.save.kept`` is a second name of the same file, which
libvirt does not know. Whether the next start restores is decided by the file, and not
by what hasManagedSaveImage says: that is a flag which libvirtd sets when it starts,
saves or restores.
"""

import contextlib
import os
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.model import SavedFiles

#: of libvirt built with /var as its state's place, as distributions do
DEFAULT_FOLDER = "/var/lib/libvirt/libxl/save"


class SaveFolder:
    """libvirt's folder of saved memory; ``path`` None when it is not known.

    Each method that changes something writes the folder to the disk before it returns.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path

    def look(self, name: str) -> SavedFiles | None:
        """What is there of a guest; None when this process cannot see the folder."""
        if self.path is None or not os.access(self.path, os.R_OK | os.X_OK):
            return None
        return SavedFiles(
            image=os.path.lexists(self._image(name)),
            kept=os.path.lexists(self._kept(name)),
        )

    def keep(self, name: str) -> None:
        """Give the image its second name, in place of an older file's.

        :raises SaveFolderFailed: the file system refused
        """
        image, kept = self._image(name), self._kept(name)
        with self._changing(name, "given a second name"):
            if os.path.lexists(kept) and not os.path.samestat(
                os.lstat(image), os.lstat(kept)
            ):
                os.unlink(kept)
            with contextlib.suppress(FileExistsError):
                os.link(image, kept, follow_symlinks=False)

    def put_back(self, name: str) -> None:
        """Have libvirt find the image again; one that is there stays.

        :raises SaveFolderFailed: the file system refused
        """
        image, kept = self._image(name), self._kept(name)
        with self._changing(name, "put back"):
            if os.path.lexists(image):
                os.unlink(kept)  # rename(2) does nothing with two names of one file
            else:
                os.rename(kept, image)

    def drop_kept(self, name: str) -> None:
        """Remove the second name, there or not.

        :raises SaveFolderFailed: the file system refused
        """
        with (
            self._changing(name, "removed"),
            contextlib.suppress(FileNotFoundError),
        ):
            os.unlink(self._kept(name))

    def forget(self, name: str) -> bool:
        """Remove both names of a guest that libvirt does not know; whether one was.

        :raises SaveFolderFailed: the file system refused
        """
        found = self.look(name)
        if found is None or not (found.image or found.kept):
            return False
        with self._changing(name, "removed"):
            for path in (self._image(name), self._kept(name)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        return True

    def sync(self, name: str) -> None:
        """Have the image on the disk, which libvirt leaves to the kernel.

        :raises SaveFolderFailed: it cannot be read, or the disk failed
        """
        with self._changing(name, "written to the disk"):
            _sync(self._image(name))

    def _image(self, name: str) -> str:
        return os.path.join(self.path or "", f"{name}.save")

    def _kept(self, name: str) -> str:
        return self._image(name) + ".kept"

    @contextlib.contextmanager
    def _changing(self, name: str, action: str) -> Iterator[None]:
        folder = self.path or ""
        try:
            yield
            _sync(folder)
        except OSError as error:
            raise exceptions.SaveFolderFailed(
                server=name,
                folder=folder,
                action=action,
                why=error.strerror or str(error),
            ) from error


def _sync(path: str) -> None:
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)
