# SPDX-License-Identifier: Apache-2.0
"""The contract against Debian's libvirtd and libxl driver over a simulated Xen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import libvirt

from contract.tiers.base import Tier, cut
from libxl.rig.daemon import Daemon
from libxl.rig.loop import start_event_loop


class LibxlTier(Tier):
    """One daemon for all tests, a second one once a test migrates."""

    name = "libxl"

    def __init__(self, folder: Path) -> None:
        start_event_loop()
        self._folder = folder
        for file in ("kernel", "hvm_kernel", "initrd", "image", "root_image"):
            (folder / file).touch()
            setattr(self, file, str(folder / file))
        self._daemon = Daemon(folder / "xen1")
        self._daemon.start()
        self._other: Daemon | None = None
        self.connection = self.connect()

    def connect(self) -> Any:
        return libvirt.open(self._daemon.uri)

    def guest_reboots(self, name: str) -> None:
        self._daemon.xen.reboot(name)

    def guest_powers_off(self, name: str) -> None:
        self._daemon.xen.power_off(name)

    def guest_crashes(self, name: str) -> None:
        self._daemon.xen.crash(name)

    def fail_saving(self, name: str) -> None:
        self._daemon.xen.fail("copy", name)

    def cut_saved_memory(self, name: str) -> None:
        cut(self._daemon.save_folder / f"{name}.save")

    def core_file(self) -> str:
        path = self._folder / "core"
        path.unlink(missing_ok=True)
        return str(path)

    def size_of(self, path: str) -> int:
        return Path(path).stat().st_size

    def restart_daemon(self) -> None:
        self._daemon.restart()
        self.connection = self.connect()

    def second_host(self) -> tuple[Any, str]:
        if self._other is None:
            self._other = Daemon(self._folder / "xen2", hostname="xen2")
            self._other.start()
        connection = libvirt.open(self._other.uri)
        self.clean(connection)
        return connection, self._other.tcp_uri

    def close(self) -> None:
        for daemon in (self._daemon, self._other):
            if daemon is not None:
                daemon.stop()
