# SPDX-License-Identifier: Apache-2.0
"""Guests booted from their disks in plain QEMU, without a way out of it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance import guests

# mitigations and the clock's checks cost seconds in emulation; a panic ends QEMU
_LINUX = (
    "console=ttyS0 quiet mitigations=off tsc=reliable random.trust_cpu=on panic=-1 "
    "apparmor=0 selinux=0 audit=0 systemd.show_status=1"
)
_SHOWN = 8000


@dataclass(frozen=True)
class Report:
    """What a guest said of its network."""

    host: str
    dns: list[str]
    addresses: list[dict[str, Any]]
    routes: dict[str, list[dict[str, Any]]]

    def by_mac(self) -> dict[str, dict[str, Any]]:
        """The interfaces of ``ip -j address``."""
        return {each["address"]: each for each in self.addresses}

    def macs_as_the_kernel_counts(self) -> list[str]:
        """Those of the network cards, in the order in which the kernel found them."""
        cards = [each for each in self.addresses if each["ifname"] != "lo"]
        return [each["address"] for each in sorted(cards, key=lambda c: c["ifindex"])]

    def static(self, mac: str) -> set[str]:
        """Addresses with their prefixes, without those that the kernel gives itself."""
        return {
            f"{each['local']}/{each['prefixlen']}"
            for each in self.by_mac()[mac.lower()]["addr_info"]
            if each["scope"] == "global"
        }

    def defaults(self, family: str) -> list[tuple[str, str]]:
        """Gateways of the default routes, and the MAC of the interface to each."""
        macs = {each["ifname"]: mac for mac, each in self.by_mac().items()}
        return [
            (each.get("gateway", ""), macs.get(each["dev"], each["dev"]))
            for each in self.routes[family]
            if each["dst"] == "default"
        ]


class Boot:
    """A guest that runs, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def report(self) -> Report | None:
        """The last one that is whole."""
        text = (self._folder / "report").read_text(errors="replace")
        lines = text.split("\n")[:-1]
        return Report(**json.loads(lines[-1])) if lines else None

    def until(self, good: Callable[[Report], bool], seconds: float) -> Report:
        """The first report that is good, or the last one when none is in time."""
        end = time.monotonic() + seconds
        while True:
            report = self.report()
            if report is not None and (good(report) or time.monotonic() > end):
                return report
            assert self._process.poll() is None, "QEMU ended, or the guest by itself"
            assert time.monotonic() < end, "the guest said nothing"
            time.sleep(0.2)

    def console(self) -> str:
        """The end of what stands on its console, and of what QEMU said."""
        read = [self._folder / name for name in ("qemu.log", "console")]
        return "".join(path.read_text(errors="replace") for path in read)[-_SHOWN:]


@contextlib.contextmanager
def booted(disk: Path, macs: Sequence[str], folder: Path) -> Iterator[Boot]:
    """Run a guest with network cards in this order; it ends however the test ends."""
    folder.mkdir()
    (folder / "report").touch()
    (folder / "console").touch()
    with (folder / "qemu.log").open("wb") as log:
        process = subprocess.Popen(
            _command(disk, macs, folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    boot = Boot(process, folder)
    try:
        yield boot
    except BaseException:
        print(boot.console())
        raise
    finally:
        process.kill()
        process.wait()


def _command(disk: Path, macs: Sequence[str], folder: Path) -> list[str]:
    kernel, initrd = guests.boot_files()
    command = [
        # a killed test takes QEMU along
        *("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64"),
        *("-nodefaults", "-no-reboot", "-display", "none", "-m", "512"),
        *("-machine", "pc", "-accel", "tcg,tb-size=256", "-smp", "1"),
        *("-kernel", str(kernel), "-initrd", str(initrd), "-append", _LINUX),
        *("-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"),
        *("-device", "virtio-rng-pci"),
        *("-serial", f"file:{folder / 'console'}"),
        *("-serial", f"file:{folder / 'report'}"),
    ]
    for number, mac in enumerate(macs):
        # a hub with nothing else on it: the link is up, and nobody answers
        command += ["-netdev", f"hubport,id=net{number},hubid={number}"]
        command += ["-device", f"virtio-net-pci,netdev=net{number},mac={mac}"]
    return command
