# SPDX-License-Identifier: Apache-2.0
"""A base made of an image, beside qemu-img alone; a second server; memory of a fetch.

Both sides end with the disk's bytes on the disk. qemu-img alone is run in the ways that
could be best, and the base is compared with the one whose median is least.
"""

import functools
import http.server
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.report import Figure, Report, ratios
from nova_xen.images import ensure_base, inspect_image, make_disk
from nova_xen.images.files.part import sync
from nova_xen.model import MIB, DiskFormat, DiskKind, DiskPlan

ROUNDS = 7
SIZE_MIB = 1024
FETCHED_MIB = (64, 1024)
OURS = "base of a qcow2 image, checked"
SECOND = "second server on a cached base"
#: qemu-img alone: as fast as it can, and the bytes on the disk at its end
ALONE: Mapping[str, tuple[str, ...]] = {
    "qemu-img convert -W -m 16, fsync": (),
    "qemu-img convert -W -m 16 -t writeback": ("-t", "writeback"),
    "qemu-img convert -W -m 16 -t none": ("-t", "none"),
}
Work = Callable[[], object]

_FETCH = """
import resource, sys
from nova_xen.images import Order, find_source
url, instances = sys.argv[1:]
with find_source(url).held(Order(instances_path=instances, server="a")):
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure(
    rounds: int = ROUNDS,
    *,
    size_mib: int = SIZE_MIB,
    fetched_mib: tuple[int, ...] = FETCHED_MIB,
) -> Report:
    """Measure in a folder of its own below the one for temporary files.

    :raises BenchmarkError: a command failed
    """
    with tempfile.TemporaryDirectory(prefix="nova-xen-images-") as folder:
        image = _make_image(Path(folder), size_mib)
        taken = _conversions(Path(folder), image, rounds)
        second = _second_servers(Path(folder), image, size_mib, rounds)
        memory = {size: _peak(Path(folder), size) for size in fetched_mib}
    return _report(taken, second, memory)


def _report(
    taken: dict[str, list[float]], second: list[float], memory: dict[int, float]
) -> Report:
    best = min(ALONE, key=lambda name: statistics.median(taken[name]))
    figures = [Figure.of(name, "s", seconds) for name, seconds in taken.items()]
    figures.append(
        Figure.of(f"{OURS}, times the best", "x", ratios(taken[OURS], taken[best]))
    )
    figures.append(Figure.of(SECOND, "s", second))
    figures += [
        Figure.of(f"peak memory of fetching {size} MiB", "MiB", [peak])
        for size, peak in memory.items()
    ]
    return Report(
        benchmark="images",
        figures=tuple(figures),
        notes=(
            "the image is in the page cache; half of its disk is random, half holes",
            "the base's checksum is taken in the background, after what is timed",
        ),
    )


def _make_image(folder: Path, size_mib: int) -> str:
    """A qcow2 image of which every second MiB has random bytes."""
    source, raw, image = random.Random(1), folder / "raw", folder / "image"  # noqa: S311
    with raw.open("wb") as stream:
        for at in range(0, size_mib, 2):
            stream.seek(at * MIB)
            stream.write(source.randbytes(MIB))
        stream.truncate(size_mib * MIB)
    _run("convert", "-f", "raw", "-O", "qcow2", str(raw), str(image))
    raw.unlink()
    return str(image)


def _run(*arguments: str) -> None:
    done = subprocess.run(
        ["qemu-img", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"qemu-img {arguments[0]} failed: {done.stderr.strip()}")


def _conversions(folder: Path, image: str, rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, in turn, each round beginning with another one."""
    works: dict[str, Work] = {
        name: functools.partial(_alone, image, str(folder / "out"), options)
        for name, options in ALONE.items()
    }
    works[OURS] = functools.partial(_base, image, str(folder))
    taken: dict[str, list[float]] = {name: [] for name in works}
    names = list(works)
    for index in range(rounds + 1):
        start = index % len(names)
        for name in names[start:] + names[:start]:
            seconds = _time(works[name])
            _clear(folder)
            if index:  # the first round warms up
                taken[name].append(seconds)
    return taken


def _time(work: Work) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def _alone(image: str, out: str, options: tuple[str, ...]) -> None:
    _run("convert", "-W", "-m", "16", *options, "-f", "qcow2", "-O", "raw", image, out)
    sync(out)


def _base(image: str, instances_path: str) -> str:
    return ensure_base(
        image, DiskFormat.QCOW2, instances_path=instances_path, server="benchmark"
    )


def _clear(folder: Path) -> None:
    """Wait for the checksum in the background and remove what was made."""
    for thread in threading.enumerate():
        if thread.name == "sum of a base":
            thread.join()
    for path in (folder / "out", *(folder / "_base").glob("*")):
        path.unlink(missing_ok=True)


def _second_servers(
    folder: Path, image: str, size_mib: int, rounds: int
) -> list[float]:
    """Seconds that a server's disk takes whose base is there."""
    _base(image, str(folder))
    disk = folder / "server" / "disk"
    disk.parent.mkdir()
    plan = DiskPlan(
        kind=DiskKind.ROOT,
        path=str(disk),
        format=DiskFormat.QCOW2,
        size=size_mib * MIB,
        base=image,
        base_format=DiskFormat.QCOW2,
        overlay=True,
    )

    def make() -> None:
        inspect_image(image)
        make_disk(plan, server="benchmark", instances_path=str(folder))

    taken = []
    for _ in range(rounds):
        taken.append(_time(make))
        disk.unlink()
    _clear(folder)
    return taken


class _Zeros(http.server.BaseHTTPRequestHandler):
    """Sends as many MiB of zeros as the path says."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""

    def do_GET(self) -> None:
        mib, chunk = int(self.path.strip("/")), bytes(MIB)
        self.send_response(200)
        self.send_header("Content-Length", str(mib * MIB))
        self.send_header("ETag", f'"{mib}"')
        self.end_headers()
        for _ in range(mib):
            self.wfile.write(chunk)


def _peak(folder: Path, size_mib: int) -> float:
    """MiB that a process has at most in memory which fetches so much."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Zeros)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{size_mib}"
    try:
        done = subprocess.run(
            [sys.executable, "-c", _FETCH, url, str(folder)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "no_proxy": "127.0.0.1"},
        )
    finally:
        server.shutdown()
        server.server_close()
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        raise BenchmarkError(f"Fetching {size_mib} MiB failed: {last}")
    return int(done.stdout) / 1024
