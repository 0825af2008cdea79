# SPDX-License-Identifier: Apache-2.0
"""Files written into a guest's disk: what we add to the start of libguestfs.

The appliance's start is libguestfs's own and takes as long as a small machine takes to
boot. A server has one start, whatever it is told; the rest is ours.
"""

import dataclasses
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.report import Figure, Report
from nova_xen.exceptions import NovaXenError
from nova_xen.injection.guest.inject import STARTED, inject
from nova_xen.injection.options import InjectionOptions
from nova_xen.model import (
    MIB,
    DiskFormat,
    Flavor,
    GuestSetup,
    Image,
    InjectedFile,
    InjectionPlan,
    Instance,
)

ROUNDS = 5
_MKE2FS = shutil.which("mke2fs", path="/usr/sbin:/sbin:/usr/bin")
_SHADOW = "root:*:19000:0:99999:7:::\n"
_START = 2048
#: one Linux partition from the first MiB on, of an MBR
_TABLE = bytes([0, 0, 0, 0, 0x83, 0, 0, 0]) + _START.to_bytes(4, "little")
_TOLD = GuestSetup(
    hostname="web1",
    ssh_keys=("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 me",),
    admin_password="of a guest that never runs",  # noqa: S106
    files=tuple(
        InjectedFile(path=f"/srv/file{number}", content=b"x" * 10240)
        for number in range(5)
    ),
    metadata={"role": "web"},
)
#: cases by their name: Nova's inject_partition
CASES = {"partition": 1, "inspect": -1}


@dataclasses.dataclass(frozen=True)
class Times:
    """Seconds of one injection; ``starts`` counts appliances."""

    total: float
    launch: float
    starts: int

    @property
    def ours(self) -> float:
        """All but the appliance's start."""
        return self.total - self.launch


def measure(rounds: int = ROUNDS, cases: tuple[str, ...] = tuple(CASES)) -> Report:
    """Inject into the same new disk, ``rounds`` times a case."""
    with _disk() as disk:
        once(disk, 1)  # builds the appliance
        found = {
            name: [once(disk, CASES[name]) for _ in range(rounds)] for name in cases
        }
    return report(found)


def report(found: dict[str, list[Times]]) -> Report:
    """The figures of the measured times."""
    figures = []
    for name, times in found.items():
        launch = [each.launch for each in times]
        ours = [each.ours for each in times]
        starts = [float(each.starts) for each in times]
        figures += [
            Figure.of(f"{name}: appliance's start", "s", launch),
            Figure.of(f"{name}: all else", "s", ours),
            Figure.of(f"{name}: starts a server", "starts", starts),
        ]
    note = "inspect has libguestfs look for the system; partition says where it is"
    return Report(benchmark="injection", figures=tuple(figures), notes=(note,))


def once(disk: Path, partition: int) -> Times:
    """One injection into ``disk``, timed."""
    heard: list[tuple[float, float]] = []

    def progress(_what: str, part: float) -> None:
        heard.append((time.perf_counter(), part))

    plan = InjectionPlan(path=str(disk), format=DiskFormat.RAW, partition=partition)
    began = time.perf_counter()
    try:
        inject(
            plan,
            _instance(),
            options=InjectionOptions(),
            server="bench",
            progress=progress,
        )
    except NovaXenError as error:
        raise BenchmarkError(str(error)) from error
    ended = time.perf_counter()
    # told when the request is checked, when the worker lives, when it has started
    started = [at for at, part in heard if part == 0.0]
    after = next(at for at, part in heard if part >= STARTED)
    starts = len(started) - 1
    return Times(ended - began, after - started[-1], starts)


def _instance() -> Instance:
    return Instance(
        name="bench",
        uuid="00000000-0000-4000-8000-000000000000",
        image=Image(path="", disk_format=DiskFormat.RAW, virtual_size=0),
        flavor=Flavor(vcpus=1, memory_mib=64),
        setup=_TOLD,
    )


@contextmanager
def _disk() -> Iterator[Path]:
    """A raw disk with as much of a system as is looked at."""
    if _MKE2FS is None:
        raise BenchmarkError("There is no mke2fs: apt install e2fsprogs.")
    with tempfile.TemporaryDirectory(prefix="nova-xen-bench-") as folder:
        root = Path(folder, "root")
        for name in ("etc", "root", "srv", "bin", "boot", "usr", "var"):
            (root / name).mkdir(parents=True)
        (root / "etc/shadow").write_text(_SHADOW)
        (root / "etc/fstab").write_text("/dev/sda1 / ext4 defaults 0 0\n")
        (root / "etc/debian_version").write_text("12.5\n")
        (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
        disk = Path(folder, "instances", "one", "disk")
        disk.parent.mkdir(parents=True)
        size = 64 * MIB
        with disk.open("wb") as file:
            file.truncate(size + 2 * MIB)
            file.seek(446)
            file.write(_TABLE + (size // 512).to_bytes(4, "little"))
            file.seek(510)
            file.write(b"\x55\xaa")
        where = ("-E", f"offset={_START * 512}", "-d", str(root))
        command = (_MKE2FS, "-q", "-F", "-t", "ext4", *where, str(disk), "64M")
        subprocess.run(command, check=True, env=os.environ)
        yield disk
