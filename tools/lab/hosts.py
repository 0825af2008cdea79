# SPDX-License-Identifier: Apache-2.0
"""Hosts of the lab: start, wait until they answer, stop, look."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import cache, dom0_image, guest_image, qemu
from lab.errors import LabError
from lab.progress import say
from lab.qemu import Machine
from lab.run import run
from lab.settings import HOSTS, Cpu, Host, Suite
from lab.ssh import Ssh

_READY, _FAILED = "LAB-READY", "LAB-FAILED"


@dataclass(frozen=True)
class Record:
    """What a host was started with; kept beside its disk."""

    suite: str
    image: str
    cpu: str
    processors: int = 1


class Lab:
    """All hosts of one cache folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def machine(self, host: Host) -> Machine:
        return Machine(host, self.folder / "hosts" / host.name)

    def ssh(self, host: Host) -> Ssh:
        return Ssh(host, self.folder / "root-key")

    def running(self) -> list[Host]:
        return [host for host in HOSTS if qemu.pid(self.machine(host)) is not None]

    def record(self, host: Host) -> Record | None:
        """What the host was last started with, or None."""
        try:
            text = (self.machine(host).folder / "host.json").read_text()
            return Record(**json.loads(text))
        except (OSError, ValueError, TypeError):
            return None

    def console(self, host: Host) -> str:
        path = self.machine(host).console
        return path.read_text(errors="replace") if path.exists() else ""

    def ready(self, host: Host) -> bool:
        alive = qemu.pid(self.machine(host)) is not None
        return alive and _READY in self.console(host)

    def image(self, suite: Suite) -> dom0_image.Image:
        image = dom0_image.built(self.folder, suite)
        self._prune(suite, image)
        return image

    def _prune(self, suite: Suite, current: dom0_image.Image) -> None:
        records = filter(None, map(self.record, HOSTS))
        used = {record.image for record in records} | {current.folder.name}
        images = self.folder / "images"
        others = {p.name for p in images.iterdir() if not p.name.startswith(suite.name)}
        cache.prune(images, used | others)

    def start(self, host: Host, suite: Suite, cpu: Cpu, keep_disk: bool) -> None:
        """Start one host that is not running; a fresh disk unless told to keep it."""
        image = self.image(suite)
        guests = guest_image.built(self.folder).media
        machine = self.machine(host)
        machine.folder.mkdir(parents=True, exist_ok=True)
        kept = keep_disk and machine.disk.exists()
        record = self.record(host) if kept else None
        if record:
            image = dom0_image.Image(self.folder / "images" / record.image)
        else:
            self._new_disk(machine, image)
        fresh = Record(suite.name, image.folder.name, cpu.model, cpu.count)
        (machine.folder / "host.json").write_text(json.dumps(asdict(fresh)))
        self.ssh(host).close()
        qemu.start(machine, image, guests, cpu)
        say(f"{host.name} started ({suite.name}, cpu {cpu.model} x {cpu.count})")

    def _new_disk(self, machine: Machine, image: dom0_image.Image) -> None:
        machine.disk.unlink(missing_ok=True)
        options = ["-q", "-f", "qcow2", "-b", str(image.disk), "-F", "raw"]
        run(["qemu-img", "create", *options, str(machine.disk)])

    def wait(self, host: Host, seconds: float = 600) -> None:
        """Wait until libvirt answers in dom0; LabError with the console's end."""
        deadline = time.monotonic() + seconds
        while not self.ready(host):
            self._look(host, time.monotonic() > deadline)
            time.sleep(0.2)
        if self.ssh(host).run("true").returncode:
            raise LabError(f"{host.name} is up but its ssh does not answer.")
        say(f"{host.name} is ready: {host.libvirt_uri}")

    def _look(self, host: Host, late: bool) -> None:
        console = self.console(host)
        dead = qemu.pid(self.machine(host)) is None
        if dead or late or _FAILED in console:
            why = "QEMU ended" if dead else "it did not become ready"
            tail = " | ".join(console.strip().splitlines()[-4:])
            raise LabError(
                f"{host.name} failed, {why}; the console ends: {tail or 'nothing'} "
                f"(all of it: {self.machine(host).console})"
            )


def up(lab: Lab, count: int, suite: Suite, keep_disk: bool, cpu: Cpu) -> None:
    """Have ``count`` hosts running; those that run are left alone."""
    running = lab.running()
    for host in HOSTS[:count]:
        if host in running:
            say(f"{host.name} runs already")
            _warn_of_other(lab, host, suite)
        else:
            lab.start(host, suite, cpu, keep_disk)
    for host in HOSTS[:count]:
        lab.wait(host)


def _warn_of_other(lab: Lab, host: Host, suite: Suite) -> None:
    record = lab.record(host)
    if record and record.suite != suite.name:
        say(f"{host.name} runs {record.suite}; 'xenlab down' first to change it")


def down(lab: Lab, wanted: Sequence[Host] = HOSTS) -> None:
    """Stop hosts, as when the power fails."""
    for host in wanted:
        lab.ssh(host).close()
        if qemu.stop(lab.machine(host)):
            say(f"{host.name} stopped")
