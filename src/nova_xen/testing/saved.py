# SPDX-License-Identifier: Apache-2.0
"""Files of saved memory, as libvirt's libxl driver writes, keeps and reads them."""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import tempfile
import weakref

import libvirt
from lxml import etree

from nova_xen.testing import errors, xmltext
from nova_xen.testing.xmltext import Element

_MAGIC = b"libvirt-xml\n \0 \r"
#: magic, version, length of the document; 64 bytes (libxl_conf.h)
_HEADER = struct.Struct("=16sII40x")
_VERSION = 2
_CHUNK = b"m" * 4096
#: the last words of a whole memory: without them it was cut
_TRAILER = b"end of the simulated memory"


def write(path: str, document: Element, *, whole: bool = True) -> None:
    """Write a guest's document and memory, or a part of it as on a full disk."""
    text = etree.tostring(document) + b"\0"
    header = _HEADER.pack(_MAGIC, _VERSION, len(text))
    try:
        number = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    except OSError as error:
        detail = f"Failed to create domain save file '{path}': {error.strerror}"
        code = libvirt.VIR_ERR_SYSTEM_ERROR
        raise errors.raw_error(code, detail) from None
    with open(number, "wb") as file:
        file.write(header + text + _CHUNK + (_TRAILER if whole else b""))


def read(path: str) -> tuple[Element, bool]:
    """Return a file's document and whether its memory is whole."""
    try:
        with open(path, "rb") as file:
            head, rest = file.read(_HEADER.size), file.read()
    except OSError as error:
        detail = f"Failed to open domain image file '{path}': {error.strerror}"
        code = libvirt.VIR_ERR_SYSTEM_ERROR
        raise errors.raw_error(code, detail) from None
    if len(head) < _HEADER.size:
        detail = "failed to read libxl header"
        raise errors.error(libvirt.VIR_ERR_OPERATION_FAILED, detail)
    magic, _version, length = _HEADER.unpack(head)
    if magic != _MAGIC:
        detail = "image magic is incorrect"
        raise errors.error(libvirt.VIR_ERR_INVALID_ARG, detail)
    if len(rest) < length:
        detail = "failed to read XML"
        raise errors.error(libvirt.VIR_ERR_OPERATION_FAILED, detail)
    document = xmltext.parse(rest[: length - 1].decode())
    return document, rest.endswith(_TRAILER)


class SaveFolder:
    """The folder of managed saves; made when it is needed, gone with its host."""

    def __init__(self) -> None:
        self._made: str | None = None

    @property
    def path(self) -> str:
        """Where it is."""
        if self._made is None:
            self._made = tempfile.mkdtemp(prefix="nova-xen-fake-")
            weakref.finalize(self, shutil.rmtree, self._made, ignore_errors=True)
        return self._made

    def file(self, name: str) -> str:
        """Where the memory of a guest is, or is not."""
        return os.path.join(self.path, f"{name}.save")

    def has(self, name: str) -> bool:
        """Whether there is a file, which the guest's next start takes up."""
        return self._made is not None and os.path.exists(self.file(name))

    def take(self, name: str, uuid: str) -> tuple[Element, bool]:
        """Read a guest's file and remove it, as libvirt does before it restores."""
        document, whole = read(self.file(name))
        other = document.findtext("name", ""), document.findtext("uuid", "")
        if other != (name, uuid):
            detail = (
                f"cannot restore domain '{name}' uuid {uuid} from a file which belongs "
                f"to domain '{other[0]}' uuid {other[1]}"
            )
            raise errors.error(libvirt.VIR_ERR_OPERATION_FAILED, detail)
        os.unlink(self.file(name))
        return document, whole

    def remove(self, name: str) -> bool:
        """Remove a guest's file; False when there is none."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.file(name))
            return True
        return False
