# SPDX-License-Identifier: Apache-2.0
"""The kernel's connections at the source, for one migration."""

import errno
import logging
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from nova_xen import exceptions
from nova_xen.migration.interfaces import MigrationSocket
from nova_xen.migration.sockets import diag, find

LOG = logging.getLogger(__name__)

_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_WHY = {
    errno.EPERM: "only root may, or who has the capability CAP_NET_ADMIN",
    errno.EOPNOTSUPP: "this kernel was built without CONFIG_INET_DIAG_DESTROY",
    errno.ENOENT: "this kernel has no tcp_diag; try 'modprobe tcp_diag'",
    errno.EPROTONOSUPPORT: "this kernel has no sock_diag; try 'modprobe inet_diag'",
}


class KernelSockets:
    """Finds, measures and closes a migration's connection by sock_diag(7).

    ``pids`` are for a libxl that sends by no helper, as a simulated one does: the
    processes of libvirtd, whose connections to the destination count when they were
    not there at the last :meth:`baseline`. Leave them out where Xen is real, for
    there the helper alone tells which domain goes over which connection.
    """

    def __init__(self, pids: Sequence[int] = (), *, proc: Path = Path("/proc")) -> None:
        self._pids = tuple(pids)
        self._proc = proc
        self._before: frozenset[int] = frozenset()
        self._others: frozenset[str] = frozenset()
        self._warned = False
        self.baseline()

    def baseline(self) -> None:
        """Take what there is for that of others; call it before libvirt's call.

        Connections, where there are ``pids``, and processes that send no domain.
        """
        self._others = find.others(self._proc)
        if self._pids:
            there = self._listed(find.inodes_of(self._pids, self._proc))
            self._before = frozenset(each.cookie for each in there)

    def find(self, domid: int, address: str) -> MigrationSocket | None:
        """The connection over which the domain is sent; None while there is none.

        ``address`` is a name or address of the destination, and counts only where no
        helper sends. None also when the migration is tunnelled, when the kernel does
        not tell (a warning says so once), or when several could be it.
        """
        inodes = find.helper_inodes(domid, self._proc, skip=self._others)
        if inodes is not None:
            found = self._listed(inodes)
        elif self._pids:
            found = self._sent_by_libvirtd(address)
        else:
            return None
        return found[0] if len(found) == 1 else None

    def bytes_acked(self, socket: MigrationSocket) -> int | None:
        """Bytes that the other host has acknowledged; None once it is closed.

        tcp_info's tcpi_bytes_acked, which counts the connection's SYN as one byte.
        """
        try:
            found = diag.look_up(socket)
        except OSError as error:
            self._warn(error)
            return None
        return found.bytes_acked if found else None

    def close(self, socket: MigrationSocket) -> bool:
        """Close the connection under its process; False when it was closed already.

        The process meets ECONNABORTED at once, and the other host a reset.

        :raises SocketsUnavailable: this kernel or this user cannot
        """
        try:
            return diag.destroy(socket)
        except OSError as error:
            raise exceptions.SocketsUnavailable(
                action="closed", why=_why(error)
            ) from error

    def _sent_by_libvirtd(self, address: str) -> tuple[MigrationSocket, ...]:
        try:
            wanted = find.addresses_of(address)
        except (OSError, ValueError) as error:
            self._warn(error)
            return ()
        return tuple(
            each
            for each in self._listed(find.inodes_of(self._pids, self._proc))
            if each.destination_port in find.MIGRATION_PORTS
            and each.cookie not in self._before
            and find.plain(each.destination) in wanted
        )

    def _listed(self, inodes: frozenset[int]) -> tuple[MigrationSocket, ...]:
        """Established connections with these inodes."""
        if not inodes:
            return ()
        return tuple(each for each in self._established() if each.inode in inodes)

    def _established(self) -> Iterator[MigrationSocket]:
        for family in _FAMILIES:
            try:
                yield from (each.socket for each in diag.established(family))
            except OSError as error:
                self._warn(error)

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            LOG.warning("The migration's connection cannot be found: %s", _why(error))


def _why(error: Exception) -> str:
    code = getattr(error, "errno", None)
    return _WHY.get(code, str(error)) if isinstance(code, int) else str(error)
