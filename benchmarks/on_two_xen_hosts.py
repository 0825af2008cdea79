# SPDX-License-Identifier: Apache-2.0
"""The part of the benchmark ``live_migration`` that runs in a Xen host's dom0.

    /opt/nova-xen/bin/python3 - JSON < on_two_xen_hosts.py

A guest that lives in memory and counts goes to the other host by virsh and by the
driver in turn, and always back by virsh, which is not timed. How long it stood still is
told by Xen here and libvirt there, by the same watches: the driver has its own, and
virsh is given them. How long nothing was heard of it is read off its own numbers, which
come over the consoles of both hosts: there what the host does beside it counts too.
What is printed is JSON.
"""

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt

from nova_xen import config, load_compute_driver
from nova_xen.domain import (
    Console,
    Devices,
    Domain,
    NovaFlavor,
    NovaImage,
    NovaInstance,
    Os,
    OsType,
    format_domain,
)
from nova_xen.hypervisor import ArrivalWatch, Connection, EventLoop
from nova_xen.hypervisor.suspend_watch import SuspendWatch
from nova_xen.model import MigrationRequest

NAME = "nova-xen-bench-ticks"
UUID = "6b1f6c9e-0f6d-4f0c-8f0e-6e6f76612d78"
LIMIT = 1800  # seconds for any one command
HEARD = 120  # seconds for a guest's next number
TICK = re.compile(rb"NOVA-XEN-GUEST tick n=(\d+)")
LOG = f"/var/log/xen/console/guest-{NAME}.log"
OPTIONS = """[libvirt]
live_migration_scheme = tcp
"""


def document(asked: dict[str, Any]) -> str:
    """The guest's definition, as the driver would write it, but for its image."""
    kernel, ramdisk, cmdline = (asked[key] for key in ("kernel", "ramdisk", "cmdline"))
    flavor = NovaFlavor(
        name="bench", memory=asked["ram_mib"], disk=0, swap=0, ephemeral=0, vcpus=1
    )
    image = NovaImage(uuid=UUID, disk_format="raw", min_disk=0, min_ram=0)
    domain = Domain(
        name=NAME,
        uuid=UUID,
        memory=asked["ram_mib"] * 1024,
        vcpus=1,
        os=Os(type=OsType.XENPVH, kernel=kernel, initrd=ramdisk, cmdline=cmdline),
        devices=Devices(
            consoles=(Console(type="pty", target_type="xen", target_port=0),)
        ),
        instance=NovaInstance(
            package="1",
            name=NAME,
            creation_time="2026-01-01 00:00:00",
            flavor=flavor,
            image=image,
        ),
    )
    return format_domain(domain)


def run(*argv: str) -> str:
    """Standard output of a command; the program ends with its message if it fails."""
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(argv[:4])}: {done.stderr.strip()[-400:]}")
    return done.stdout


class Ear:
    """Hears one console and notes when each number came."""

    def __init__(self, *command: str) -> None:
        self.heard: list[tuple[float, int]] = []
        self._process = subprocess.Popen(
            [*command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := TICK.search(line):
                self.heard.append((time.monotonic(), int(found[1])))

    def close(self) -> None:
        """Stop."""
        self._process.terminate()
        self._process.wait()
        self._thread.join()


def longest_silence(ears: list[Ear], since: float) -> float:
    """Seconds between two numbers, whichever console they came from.

    :param since: monotonic; the last number before it counts too, when it is one
        second old at most
    """
    heard = sorted(each for ear in ears for each in ear.heard)
    times = [at for at, _number in heard if at >= since - 1]
    return max(after - at for at, after in itertools.pairwise(times))


class Stop:
    """How long the guest stands still, by the watches that the driver has too."""

    def __init__(self, other: str) -> None:
        uri = f"xen+tcp://{other}/system"
        self._connection = Connection(uri, loop=EventLoop.shared())
        self._arrival = ArrivalWatch(self._connection, UUID)
        self._connection.open()
        self._suspend = SuspendWatch(int(run(*VIRSH, "domid", NAME)))

    def seconds(self) -> float:
        """From Xen's word that it is suspended to libvirt's that it goes on."""
        deadline = time.monotonic() + HEARD
        while (resumed := self._arrival.resumed_at()) is None:
            if time.monotonic() > deadline:
                raise SystemExit(f"nobody told that guest {NAME} goes on")
            time.sleep(0.05)
        suspended = self._suspend.suspended_at()
        if suspended is None:
            raise SystemExit(f"nobody told that guest {NAME} stood still")
        return resumed - suspended

    def close(self) -> None:
        """Stop watching."""
        self._suspend.close()
        self._arrival.close()
        self._connection.close()


class Bench:
    """Moves the guest and notes what that took."""

    def __init__(self, asked: dict[str, Any], driver: Any, ears: list[Ear]) -> None:
        self._other = asked["other"]
        self._far = ("ssh", "-o", "BatchMode=yes", f"root@{self._other}")
        self._here = run("hostname").strip()
        self._driver = driver
        self._ears = ears
        self._calls: list[float] = []
        self.taken: dict[str, dict[str, list[float]]] = {
            way: {part: [] for part in ("total", "call", "stop", "silence")}
            for way in ("virsh", "driver")
        }
        self._time_calls()

    def _time_calls(self) -> None:
        """Note how long the driver's own call of libvirt takes."""
        whole = libvirt.virDomain.migrateToURI3

        def timed(*given: Any) -> Any:
            before = time.monotonic()
            try:
                return whole(*given)
            finally:
                self._calls.append(time.monotonic() - before)

        libvirt.virDomain.migrateToURI3 = timed

    def _virsh(self, *prefix: str, host: str) -> None:
        flags = ("--live", "--p2p", "--persistent", "--undefinesource")
        uri = f"xen+tcp://{host}/system"
        run(*prefix, *VIRSH, "migrate", *flags, NAME, uri)

    def measure(self, way: str) -> None:
        """One way there, which is timed, and back."""
        before = time.monotonic()
        moved = self._by_virsh() if way == "virsh" else self._by_driver()
        taken = self.taken[way]
        for part, seconds in zip(("total", "call", "stop"), moved, strict=True):
            taken[part].append(seconds)
        taken["silence"].append(self._silence(before))
        self._virsh(*self._far, host=self._here)
        self._next(self._ears[0])

    def _by_virsh(self) -> tuple[float, float, float]:
        """Seconds in all, of the call, and that the guest stood still."""
        stop = Stop(self._other)
        before = time.monotonic()
        self._virsh(host=self._other)
        taken = time.monotonic() - before
        still = stop.seconds()
        stop.close()
        return taken, taken, still

    def _by_driver(self) -> tuple[float, float, float]:
        """The same; it tells the last itself."""
        before = time.monotonic()
        request = MigrationRequest(server=NAME, destination=self._other)
        record = self._driver.migrate(request)
        taken = time.monotonic() - before
        if record.downtime is None:
            raise SystemExit(f"nobody told how long guest {NAME} stood still")
        return taken, self._calls.pop(), record.downtime

    def _silence(self, since: float) -> float:
        """The longest time without a number since then, which the move made."""
        self._next(self._ears[1])
        return longest_silence(self._ears, since)

    def _next(self, ear: Ear) -> None:
        count, deadline = len(ear.heard), time.monotonic() + HEARD
        while len(ear.heard) <= count + 1:
            if time.monotonic() > deadline:
                raise SystemExit(f"guest {NAME} says nothing after it was moved")
            time.sleep(0.05)


VIRSH = ("virsh", "-q", "-c", "xen:///system")


def remove(*prefix: str) -> None:
    """Remove the guest, if it is there."""
    for action in ("destroy", "undefine"):
        subprocess.run(
            [*prefix, *VIRSH, action, NAME], capture_output=True, check=False
        )


@contextlib.contextmanager
def guest(asked: dict[str, Any]) -> Iterator[list[Ear]]:
    """The guest, running here, and what both hosts hear of it."""
    far = ("ssh", "-o", "BatchMode=yes", f"root@{asked['other']}")
    tail = ("tail", "-n", "0", "-F", LOG)
    remove()
    remove(*far)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "domain.xml")
        path.write_text(document(asked))
        run(*VIRSH, "define", str(path))
    ears = [Ear(*tail), Ear(*far, *tail)]
    try:
        run(*VIRSH, "start", NAME)
        deadline = time.monotonic() + LIMIT
        while not ears[0].heard:
            if time.monotonic() > deadline:
                raise SystemExit(f"guest {NAME} does not count")
            time.sleep(0.1)
        yield ears
    finally:
        for ear in ears:
            ear.close()
        remove()
        remove(*far)


@contextlib.contextmanager
def loaded() -> Iterator[Any]:
    """The driver, as a service has it: loaded once, with the other host's peer kept."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(OPTIONS)
        file.flush()
        driver = load_compute_driver(config.load([file.name]))
        driver.init_host(run("hostname").strip())
        yield driver
        driver.cleanup_host()


def main(tell: Callable[[str], object]) -> None:
    """Measure what the argument asks for."""
    asked = json.loads(sys.argv[1])
    with loaded() as driver, guest(asked) as ears:
        bench = Bench(asked, driver, ears)
        for index in range(asked["rounds"]):
            for way in ("driver", "virsh") if index % 2 else ("virsh", "driver"):
                bench.measure(way)
                told = {part: each[-1] for part, each in bench.taken[way].items()}
                print(way, told, file=sys.stderr)
    tell(json.dumps(bench.taken))


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    main(answers.write)
    answers.close()
