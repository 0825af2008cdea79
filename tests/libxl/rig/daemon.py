# SPDX-License-Identifier: Apache-2.0
"""Start, stop, kill and watch a private libvirtd over the simulated Xen."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import libvirt

from libxl.rig import build, settings
from libxl.rig.simulation import Simulation

_READY_SECONDS = 60.0
_STOP_SECONDS = 30.0
_TICK_SECONDS = 0.02


class Daemon:
    """One libvirtd with guests that survive it.

    with Daemon(folder) as daemon:
        connection = libvirt.open(daemon.uri)
        daemon.xen.reboot("guest")
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        options.setdefault("port", settings.free_port())
        self._settings = settings.Settings(folder, **options)
        self._process: subprocess.Popen[bytes] | None = None
        self.xen = Simulation(folder / "xen")

    @property
    def uri(self) -> str:
        """The URI for this machine: a socket of the daemon's own."""
        place = settings.socket_folder(self._settings) / "libvirt-sock"
        return f"xen+unix:///system?socket={place}"

    @property
    def tcp_uri(self) -> str:
        """The URI another daemon migrates to."""
        return f"xen+tcp://127.0.0.1:{self._settings.port}/system"

    @property
    def folder(self) -> Path:
        """Where everything of it is."""
        return self._settings.folder

    @property
    def save_folder(self) -> Path:
        """Where libvirt keeps the memory of suspended guests, as seen from here."""
        return self.folder / "lib" / "libxl" / "save"

    @property
    def pid(self) -> int:
        """The process id of the running daemon."""
        if self._process is None:
            raise RuntimeError("the daemon does not run")
        return self._process.pid

    def start(self) -> None:
        """Start the daemon and wait until it answers as Xen's."""
        settings.prepare(self._settings)
        with (self._settings.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                settings.command(self._settings),
                env=settings.environment(self._settings, build.library()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_ready()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if self._ended(_TICK_SECONDS) or time.monotonic() > deadline:
                log = self.log()
                self.kill()
                raise RuntimeError(f"libvirtd over the simulated Xen failed:\n{log}")

    def _answers(self) -> bool:
        with contextlib.suppress(libvirt.libvirtError):
            libvirt.open(self.uri).close()
            return True
        return False

    def _ended(self, seconds: float) -> bool:
        if self._process is None:
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is not None

    def stop(self) -> None:
        """End the daemon in order; the guests stay."""
        self._signal(signal.SIGTERM)
        if not self._ended(_STOP_SECONDS):
            self.kill()

    def kill(self) -> None:
        """End the daemon with SIGKILL; the guests stay."""
        self._signal(signal.SIGKILL)
        self._ended(_STOP_SECONDS)

    def restart(self, *, killed: bool = False) -> None:
        """Stop or kill the daemon and start it again."""
        if killed:
            self.kill()
        else:
            self.stop()
        self.start()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def log(self) -> str:
        """Return what the daemon said."""
        texts = []
        for name in ("output", "libvirtd.log"):
            with contextlib.suppress(FileNotFoundError):
                texts.append((self._settings.folder / name).read_text())
        return "\n".join(texts)

    def libxl_log(self) -> str:
        """Return libxl's own log, where the reasons of its failures are."""
        file = self._settings.folder / "log" / "libxl" / "libxl-driver.log"
        return file.read_text() if file.exists() else ""

    def created(self, name: str) -> dict[str, Any]:
        """Return libxl's configuration of the guest's latest domain."""
        files = (self._settings.folder / "xen").glob(f"created-*-{name}.json")
        numbered = {int(file.name.split("-")[1]): file for file in files}
        made: dict[str, Any] = json.loads(numbered[max(numbered)].read_text())
        return made

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *problem: object) -> None:
        with contextlib.suppress(OSError):
            self.xen.clear()
        self.stop()


def options() -> list[str]:
    """Return the names Daemon takes beside its folder."""
    return [field.name for field in dataclasses.fields(settings.Settings)][1:]
