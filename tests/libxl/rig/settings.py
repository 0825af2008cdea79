# SPDX-License-Identifier: Apache-2.0
"""How one private libvirtd is set up: its folders, its files, its command."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

LIBVIRTD = "/usr/sbin/libvirtd"
_DRIVERS = Path("/usr/lib/x86_64-linux-gnu/libvirt/connection-driver")
# Only these are loaded: no other driver of the machine can get in the way.
_WANTED = ("libxl", "secret", "nodedev")
# Each process of tests begins elsewhere: several may run beside each other.
_PORTS = itertools.cycle(
    [*range(20000 + os.getpid() % 10000, 30000), *range(20000, 30000)]
)
# What libvirtd would find of the machine, each hidden behind a folder of ours.
_HIDDEN = {
    "/etc/libvirt": "etc",
    "/run/libvirt": "run",
    "/var/lib/libvirt": "lib",
    "/var/log/libvirt": "log",
    "/var/cache/libvirt": "cache",
}


@dataclass(frozen=True)
class Settings:
    """One daemon: its folder, its host's name and size."""

    folder: Path
    hostname: str = "xen1"
    memory_mib: int = 4095
    cpus: int = 4
    port: int = 0


def missing_prerequisites() -> list[str]:
    """Return what this machine lacks to run the rig, in words for a person."""
    missing = []
    if os.geteuid() != 0:
        missing.append("to be root")
    if not (_DRIVERS / "libvirt_driver_libxl.so").exists():
        missing.append("the package libvirt-daemon-driver-xen")
    if not Path(LIBVIRTD).exists():
        missing.append("the package libvirt-daemon")
    if not Path("/usr/include/libxl.h").exists():
        missing.append("the package libxen-dev")
    missing += [f"the command {name}" for name in ("cc", "unshare") if not which(name)]
    return missing


def which(name: str) -> str | None:
    """Return where a command is."""
    return shutil.which(name)


def free_port() -> int:
    """Return a TCP port nobody uses now, and no connection gets before it is used.

    The kernel gives connections of their own none below 32768, unless told otherwise
    (ip_local_port_range in ip(7)).
    """
    while True:
        port: int = next(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            # as libvirtd does, which may use one that a connection of late had
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


def socket_folder(settings: Settings) -> Path:
    """Return where the daemon's sockets are."""
    return settings.folder / "sockets"


def prepare(settings: Settings) -> None:
    """Make the folders and write the configuration."""
    for name in (*_HIDDEN.values(), "sockets", "drivers", "xen"):
        (settings.folder / name).mkdir(parents=True, exist_ok=True)
    for driver in _WANTED:
        link = settings.folder / "drivers" / f"libvirt_driver_{driver}.so"
        if not link.is_symlink():
            link.symlink_to(_DRIVERS / link.name)
    text = f"""\
unix_sock_dir = "{socket_folder(settings)}"
auth_unix_rw = "none"
auth_unix_ro = "none"
listen_tls = 0
listen_tcp = 1
listen_addr = "127.0.0.1"
tcp_port = "{settings.port}"
auth_tcp = "none"
host_uuid_source = "machine-id"
log_level = 3
log_outputs = "3:file:{settings.folder}/libvirtd.log"
"""
    (settings.folder / "libvirtd.conf").write_text(text)


def command(settings: Settings) -> list[str]:
    """Return the command that runs the daemon behind private folders."""
    script = ["set -e", f"hostname {settings.hostname}"]
    for place, name in _HIDDEN.items():
        script.append(f"mkdir -p {place}")
        script.append(f"mount --bind {settings.folder / name} {place}")
    config = settings.folder / "libvirtd.conf"
    pid = settings.folder / "libvirtd.pid"
    script.append(f"exec {LIBVIRTD} --listen --config {config} --pid-file {pid}")
    enter = ["unshare", "--mount", "--uts", "--propagation", "private"]
    return [*enter, "sh", "-c", "\n".join(script)]


def environment(settings: Settings, library: Path) -> dict[str, str]:
    """Return the daemon's environment: the simulation and its size."""
    return {
        **os.environ,
        "LD_PRELOAD": str(library),
        "LIBVIRT_DRIVER_DIR": str(settings.folder / "drivers"),
        "XENSIM_DIR": str(settings.folder / "xen"),
        "XENSIM_MEMORY_MIB": str(settings.memory_mib),
        "XENSIM_CPUS": str(settings.cpus),
    }
