# SPDX-License-Identifier: Apache-2.0
"""Shared storage is proved with a file: written here, read on the other host.

The source puts a random token into a new file beside the guest's disks; a destination
that can tell the token sees the same folder, whatever the paths are called. Names are
random too, so that no cache of NFS can remember that such a file was not there.

Proofs are files that a host reads for another one, so it reads no others: by the form
of the name, no links, and only what looks like a token is told.
"""

import contextlib
import hashlib
import os
import re
import secrets
import socket
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from nova_xen import exceptions
from nova_xen.images.files.lock import try_lock
from nova_xen.images.files.part import remove_file, sync
from nova_xen.images.tools.tool import os_failure

PREFIX = ".nova-xen-proof-"
#: bytes of a token, as hexadecimal digits
TOKEN_BYTES = 64
#: seconds that a file may take to be seen on another client of NFS
PATIENCE = 5.0
_PAUSE = 0.1

#: the host that wrote it, then what makes it unique
_NAME = re.compile(re.escape(PREFIX) + r"[0-9a-f]{8}-[0-9a-f]{16}")
_TOKEN = re.compile(rb"[0-9a-f]{%d}" % TOKEN_BYTES)


@contextlib.contextmanager
def prove(folders: Iterable[str], *, server: str = "") -> Iterator[Mapping[str, str]]:
    """Write a proof into each folder; gives the token of each file's path.

    The files are gone when the block ends. What processes of this host that died left
    in these folders goes first.

    :param server: whose disks are there, for errors
    :raises ToolFailed, NotEnoughDisk: a folder cannot be written to
    """
    tokens: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        for folder in dict.fromkeys(folders):
            with _failing(folder, server):
                sweep(folder)
                path, token = stack.enter_context(_proof(folder))
            tokens[path] = token
        yield tokens


def sweep(folder: str) -> None:
    """Remove the proofs of this host's dead processes; others' are left alone.

    :raises OSError: the folder cannot be read or changed
    """
    for name in os.listdir(folder):
        if _NAME.fullmatch(name) and name.startswith(_own_prefix()):
            path = os.path.join(folder, name)
            number = try_lock(path, create=False)
            if number is not None:
                remove_file(path)
                os.close(number)


def is_proof(path: str) -> bool:
    """Whether this is the path of a proof, written without any detour."""
    return os.path.isabs(path) and os.path.normpath(path) == path and _is_named(path)


def read_proofs(
    paths: Iterable[str],
    *,
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> Mapping[str, str | None]:
    """The token in each file, None for one that is not there or is no proof.

    Each is opened anew until it can be read, for ``patience`` seconds in all.

    :raises InvalidRequest: a path is not of the form of a proof; nothing is read then
    """
    wanted = tuple(paths)
    for path in wanted:
        if not is_proof(path):
            why = f"{path} is asked for as a proof of shared storage and is none"
            raise exceptions.InvalidRequest(server="to be migrated", why=why)
    found: dict[str, str | None] = {path: _read(path) for path in wanted}
    end = time.monotonic() + patience
    while None in found.values() and time.monotonic() < end:
        sleep(_PAUSE)
        missing = [path for path, token in found.items() if token is None]
        found |= {path: _read(path) for path in missing}
    return found


def _is_named(path: str) -> bool:
    return _NAME.fullmatch(os.path.basename(path)) is not None


def _own_prefix() -> str:
    """Where names of this host's proofs begin; another host's locks are its own."""
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    return f"{PREFIX}{host}-"


@contextlib.contextmanager
def _proof(folder: str) -> Iterator[tuple[str, str]]:
    """A file with a token, locked for as long as this process needs it."""
    path, number = _make(folder)
    try:
        token = secrets.token_hex(TOKEN_BYTES // 2)
        os.write(number, token.encode("ascii"))
        os.fsync(number)
        sync(folder)
        yield path, token
    finally:
        with contextlib.suppress(OSError):
            remove_file(path)
        os.close(number)


def _make(folder: str) -> tuple[str, int]:
    while True:
        path = os.path.join(os.path.abspath(folder), _own_prefix() + _random())
        number = try_lock(path)
        if number is None:
            continue  # a sweep was faster than the lock
        if os.fstat(number).st_nlink:
            return path, number
        os.close(number)


def _random() -> str:
    return secrets.token_hex(8)


def _read(path: str) -> str | None:
    """The token; None for what is no file of its own or has another content."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        number = os.open(path, flags)
    except OSError:
        return None
    try:
        status = os.fstat(number)
        # a second name of the file would be a way round the first one's form
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            return None
        content = os.read(number, TOKEN_BYTES + 1)
    except OSError:
        return None
    finally:
        os.close(number)
    return content.decode("ascii") if _TOKEN.fullmatch(content) else None


@contextlib.contextmanager
def _failing(folder: str, server: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        doing = f"proving that the other host shares {folder}"
        raise os_failure(error, server=server, doing=doing, folder=folder) from error
