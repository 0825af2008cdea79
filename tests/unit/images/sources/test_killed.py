# SPDX-License-Identifier: Apache-2.0
"""Fetches that were killed, and what is left of them."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from nova_xen.images.cache.record import read_record
from nova_xen.model import MIB, Checksum
from unit.images.sources.fetching import (
    CONTENT,
    DIGEST,
    fetch,
    imports,
    killed_part,
    process_that_fetches,
)
from unit.web import Site

DURABLE = MIB + 1000


@pytest.mark.parametrize("at", [0.4, 0.6, 0.9])
def test_a_killed_fetch_is_gone_on_with(
    site: Site, instances_path: str, at: float
) -> None:
    process = process_that_fetches(site, instances_path)
    assert process.stdout is not None
    for line in process.stdout:
        if float(line) >= at:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (part,) = imports(instances_path)
    assert part.endswith(".image.part")
    have = os.path.getsize(os.path.join(instances_path, "_imports", part))
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert read_record(path).checksum == Checksum.of("sha256", DIGEST)
    expected = have if have < len(CONTENT) else 0
    assert site.starts()[-1] == expected
    assert imports(instances_path) == [os.path.basename(path)]


def test_after_a_restart_of_the_host_only_what_was_on_the_disk_counts(
    site: Site, instances_path: str
) -> None:
    part = killed_part(site, instances_path)
    record = pathlib.Path(f"{part}.json")
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "boot": "another", "durable": DURABLE}))
    with part.open("r+b") as stream:
        stream.seek(DURABLE)
        stream.write(bytes(1000))
    path = fetch(site, instances_path)
    assert site.starts()[-1] == DURABLE
    assert pathlib.Path(path).read_bytes() == CONTENT


def test_where_restarts_cannot_be_told_only_what_was_on_the_disk_counts(
    site: Site, instances_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nova_xen.images.sources.resumable._BOOT", "/nonexistent")
    part = killed_part(site, instances_path)
    part.write_bytes(bytes(2 * MIB))
    path = fetch(site, instances_path)
    assert site.starts()[-1] == 0
    assert pathlib.Path(path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "record",
    [
        *("", "{}", "[]", '{"version": 1, "durable": "x"}', '{"nonsense": 1}'),
        '{"version": "x", "durable": -1}',
    ],
)
def test_a_part_of_which_nothing_is_known_is_not_gone_on_with(
    site: Site, instances_path: str, record: str
) -> None:
    part = killed_part(site, instances_path)
    pathlib.Path(f"{part}.json").write_text(record)
    path = fetch(site, instances_path)
    assert site.starts()[-1] == 0
    assert pathlib.Path(path).read_bytes() == CONTENT


def test_a_part_that_is_all_there_is_not_fetched_again(
    site: Site, instances_path: str
) -> None:
    """Killed between the last byte and the new name."""
    part = killed_part(site, instances_path)
    part.write_bytes(CONTENT)
    sent = len(site.sent)
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert site.starts()[sent:] == [0]


_WHOLE_WAY = """
import os, sys
from nova_xen.images import Order, find_source, make_disk
from nova_xen.model import DiskFormat, DiskKind, DiskPlan
url, instances, folder = sys.argv[1:]
print("begin", flush=True)
order = Order(instances_path=instances, server="alice")
with find_source(url).held(order) as path:
    plan = DiskPlan(kind=DiskKind.ROOT, path=folder + "/disk", format=DiskFormat.QCOW2,
                    size=8 * 1024**2, base=path, base_format=DiskFormat.RAW,
                    overlay=True)
    make_disk(plan, server="alice", instances_path=instances)
"""


def test_killed_at_any_moment_there_is_a_whole_file_or_none(
    site: Site, instances_path: str, tmp_path: pathlib.Path
) -> None:
    """From the first byte of the download to the last of the disk."""
    moment, ended, rounds = random.Random(3), 0, 0  # noqa: S311
    while not ended and rounds < 40:
        folder = tmp_path / "instances" / f"server{rounds}"
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-c", _WHOLE_WAY, site.url, instances_path, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moment.uniform(0, 0.25) * (1 + rounds))
        process.kill()
        process.communicate()
        whole = [CONTENT, CONTENT + bytes(-len(CONTENT) % 512)]
        for path in pathlib.Path(instances_path).glob("_*/*"):
            if path.suffix in (".image", ".raw") and not path.name.startswith("."):
                assert path.read_bytes() in whole
        ended, rounds = (folder / "disk").exists(), rounds + 1
    assert ended
    assert rounds > 1
    # the last one was killed or not when its disk had its name
    compare = ("qemu-img", "compare", "-f", "raw", "-F", "qcow2")
    told = subprocess.run(
        [*compare, fetch(site, instances_path, ""), str(folder / "disk")],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stdout + told.stderr
