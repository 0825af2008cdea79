# SPDX-License-Identifier: Apache-2.0
"""Which connection a domain is sent over: by the process that sends it.

libvirtd connects and has libxl's helper send. Seen with Xen 4.17 and libvirt 9.0::

    libxl-save-helper --save-domain 48 37 1 1 136 0

48 is the connection's descriptor, 1 after the next number the domain's id (Xen's
tools/libs/light/libxl_save_callout.c: stream, preserved descriptor, then the numbers
of the domain, flags and callbacks). libvirtd keeps the descriptor open as well.
"""

import contextlib
import ipaddress
import os
import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

HELPER = "libxl-save-helper"
_SAVING = "--save-domain"
_FD, _DOMID = 2, 4
_INODE = re.compile(r"socket:\[(\d+)\]")
#: LIBXL_MIGRATION_PORT_MIN and _MAX of libvirt's libxl_conf.h, both inclusive
MIGRATION_PORTS = range(49152, 49216 + 1)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def others(proc: Path) -> frozenset[str]:
    """Numbers of the processes that send no domain; none when nobody tells."""
    with contextlib.suppress(OSError):
        there = frozenset(_processes(proc))
        return there - {pid for pid, _arguments in _helpers(proc, frozenset())}
    return frozenset()


def helper_inodes(
    domid: int, proc: Path, *, skip: frozenset[str] = frozenset()
) -> frozenset[int] | None:
    """Inodes of the sockets that a process of libxl sends this domain over.

    None where there is no such process. Its descriptor is no socket when the migration
    is tunnelled: it is a pipe then.

    :param skip: processes that are not looked at: a host has hundreds, and this is
        asked at each interval
    """
    helpers = [
        (f"{proc}/{pid}", arguments[_FD])
        for pid, arguments in _helpers(proc, skip)
        if arguments[_DOMID] == str(domid)
    ]
    found = set()
    for process, descriptor in helpers:
        with contextlib.suppress(OSError):
            inode = _inode(f"{process}/fd/{descriptor}")
            if inode is not None:
                found.add(inode)
    return frozenset(found) if helpers else None


def inodes_of(pids: Iterable[int], proc: Path) -> frozenset[int]:
    """Inodes of all sockets that these processes have open."""
    return frozenset(inode for pid in pids for inode in _open_sockets(proc / str(pid)))


def addresses_of(name: str) -> frozenset[Address]:
    """The addresses of a host, without the interface of a link-local one.

    :raises OSError: nobody knows the name
    """
    bare = name.removeprefix("[").removesuffix("]")
    found = socket.getaddrinfo(bare, None, type=socket.SOCK_STREAM)
    return frozenset(plain(str(sockaddr[0])) for *_, sockaddr in found)


def plain(address: str) -> Address:
    """An address as such; an IPv4 address mapped into IPv6 is the IPv4 address."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped
    return parsed


def _processes(proc: Path) -> Iterator[str]:
    return filter(str.isdecimal, os.listdir(proc))


def _helpers(proc: Path, skip: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    """The helpers that send a domain, each with its arguments."""
    wanted = HELPER.encode()
    for pid in _processes(proc):
        if pid in skip:
            continue
        # a process may end between being listed and being read
        with contextlib.suppress(OSError):
            with open(f"{proc}/{pid}/cmdline", "rb") as stream:
                cmdline = stream.read()
            if wanted in cmdline:
                arguments = cmdline.decode(errors="replace").split("\0")
                if _sends(arguments):
                    yield pid, arguments


def _sends(arguments: list[str]) -> bool:
    return (
        len(arguments) > _DOMID
        and Path(arguments[0]).name == HELPER
        and arguments[1] == _SAVING
        and arguments[_FD].isdecimal()
    )


def _open_sockets(process: Path) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(process / "fd"):
            with contextlib.suppress(OSError):
                inode = _inode(f"{process}/fd/{descriptor}")
                if inode is not None:
                    yield inode


def _inode(descriptor: str) -> int | None:
    found = _INODE.fullmatch(os.readlink(descriptor))
    return int(found[1]) if found else None
