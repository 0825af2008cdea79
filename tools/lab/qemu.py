# SPDX-License-Identifier: Apache-2.0
"""QEMU as the machine a Xen host runs on: its command line, start and end.

QEMU's multiboot loader takes Xen as ``-kernel`` and dom0's kernel, its command
line and its initial RAM disk as modules in ``-initrd``.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lab.dom0_image import Image
from lab.errors import LabError
from lab.settings import DOM0_MEMORY_MIB, MEMORY_MIB, MOST_HOSTS, Cpu, Host

_XEN = (
    f"dom0_mem={DOM0_MEMORY_MIB}M,max:{DOM0_MEMORY_MIB}M "
    "loglvl=all guest_loglvl=all com1=115200 console=com1 xpti=0 spec-ctrl=no"
)
_LINUX = (
    "root=/dev/vda rw console=hvc0 net.ifnames=0 mitigations=off "
    "random.trust_cpu=on quiet selinux=0 apparmor=0 audit=0"
)


@dataclass(frozen=True)
class Machine:
    """A host and the folder its disk, console log and pid file are in."""

    host: Host
    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "disk.qcow2"

    @property
    def console(self) -> Path:
        return self.folder / "console.log"

    @property
    def log(self) -> Path:
        """What QEMU itself says."""
        return self.folder / "qemu.log"

    @property
    def pid_file(self) -> Path:
        return self.folder / "qemu.pid"

    @property
    def monitor(self) -> Path:
        return self.folder / "monitor.sock"


def command(machine: Machine, image: Image, guests: Path, cpu: Cpu) -> list[str]:
    """QEMU's command line for this host."""
    host = machine.host
    linux = f"{image.kernel} {_LINUX} nova_xen_lab.host={host.number}"
    return [
        "qemu-system-x86_64",
        "-name",
        process_name(host),
        "-machine",
        "pc",
        "-accel",
        "tcg,thread=multi,tb-size=512",
        "-cpu",
        cpu.model,
        "-m",
        str(MEMORY_MIB),
        "-smp",
        str(cpu.count),
        "-kernel",
        str(image.xen),
        "-append",
        _XEN,
        "-initrd",
        f"{linux.replace(',', ',,')},{image.initrd}",
        "-drive",
        f"file={machine.disk},format=qcow2,if=virtio,cache=unsafe",
        "-drive",
        f"file={guests},format=raw,if=virtio,readonly=on",
        *_network(machine),
        "-device",
        "virtio-rng-pci",
        "-display",
        "none",
        "-vga",
        "none",
        "-no-reboot",
        "-serial",
        f"file:{machine.console}",
        "-monitor",
        f"unix:{machine.monitor},server,nowait",
        "-pidfile",
        str(machine.pid_file),
    ]


def _other(host: Host) -> Host:
    return Host(MOST_HOSTS + 1 - host.number)


def process_name(host: Host) -> str:
    return f"nova-xen-lab-{host.name}"


def _end(side: str, path: Path) -> str:
    return f"{side}.type=unix,{side}.path={path}"


def _link(machine: Machine, host: Host) -> Path:
    return machine.folder.parent / f"link-{host.name}.sock"


def _network(machine: Machine) -> list[str]:
    host = machine.host
    here, there = _link(machine, host), _link(machine, _other(host))
    forward = (
        f"hostfwd=tcp:127.0.0.1:{host.ssh_port}-:22,"
        f"hostfwd=tcp:127.0.0.1:{host.libvirt_port}-:16509"
    )
    mac = f"52:54:00:77:%02x:{host.number:02x}"
    return [
        "-netdev",
        f"user,id=out,{forward}",
        "-device",
        f"virtio-net-pci,netdev=out,mac={mac % 0}",
        # datagrams: either host may be started, stopped and started again alone
        "-netdev",
        f"dgram,id=link,{_end('local', here)},{_end('remote', there)}",
        "-device",
        f"virtio-net-pci,netdev=link,mac={mac % 1}",
    ]


def pid(machine: Machine) -> int | None:
    """The process id of this host's QEMU, or None; stale pid files do not count."""
    try:
        number = int(machine.pid_file.read_text())
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    ours = str(machine.pid_file).encode()
    return number if ours in words and b"qemu" in words[0] else None


def start(machine: Machine, image: Image, guests: Path, cpu: Cpu) -> None:
    """Start QEMU in the background; LabError with what it said when it refuses."""
    link = _link(machine, machine.host)
    for stale in (machine.pid_file, machine.monitor, machine.console, link):
        stale.unlink(missing_ok=True)
    # not -daemonize: what QEMU says when it dies later is kept as well
    with machine.log.open("wb") as log:
        process = subprocess.Popen(
            command(machine, image, guests, cpu),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while pid(machine) is None:
        if process.poll() is not None:
            said = machine.log.read_text(errors="replace").strip()[-400:]
            raise LabError(f"QEMU did not start {machine.host.name}: {said}")
        time.sleep(0.05)


def stop(machine: Machine, seconds: float = 30) -> bool:
    """End QEMU, as when the power fails; False when it was not running."""
    number = pid(machine)
    if number is None:
        return False
    with contextlib.suppress(OSError):
        _quit(machine.monitor)
    if not _gone(machine, seconds):
        os.kill(number, signal.SIGKILL)
        _gone(machine, seconds)
    return True


def _quit(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.settimeout(5)
        monitor.connect(str(path))
        monitor.sendall(b"quit\n")
        while monitor.recv(4096):
            pass


def _gone(machine: Machine, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while pid(machine) is not None and time.monotonic() < deadline:
        time.sleep(0.1)
    return pid(machine) is None
