# SPDX-License-Identifier: Apache-2.0
"""A file system that is really full, mounted where nobody else sees it."""

import json
import os
import pathlib
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from nova_xen import exceptions
from nova_xen.images import make_disk
from nova_xen.model import MIB, DiskFormat, DiskKind, DiskPlan
from unit.web import Site, serving

_SCRIPT = """
import json, os, sys
from nova_xen import exceptions
from nova_xen.images import Order, copy_files, create_folder, find_source, make_disk
from nova_xen.model import DiskFormat, DiskKind, DiskPlan, FilePlan

instances, source, what, fmt = sys.argv[1:]
uuid = "5a35d2b6-7b0b-4f6d-8b33-2f9c2a9a6d11"
folder = create_folder(instances, uuid, server="alice")
fmt = DiskFormat(fmt)
size = 8 * 1024**2


def act():
    if what == "import":
        order = Order(instances_path=instances, server="alice")
        with find_source(source).held(order):
            return
    if what == "kernel":
        kernel = FilePlan(source=source, path=folder.path + "/kernel")
        copy_files([kernel], server="alice")
        return
    plan = DiskPlan(
        kind=DiskKind.EPHEMERAL if what == "ephemeral" else DiskKind.ROOT,
        path=folder.path + "/disk", format=fmt,
        size=2**37 if what == "ephemeral" else size,
        base=None if what == "ephemeral" else source,
        base_format=DiskFormat.RAW, overlay=what == "overlay")
    make_disk(plan, server="alice", instances_path=instances)


try:
    act()
    error = None
except exceptions.NotEnoughDisk as caught:
    error = str(caught)
print(json.dumps({
    "error": error,
    "folder": os.listdir(folder.path),
    "bases": [name for each in ("_base", "_imports")
              if os.path.isdir(instances + "/" + each)
              for name in os.listdir(instances + "/" + each)],
}))
"""


def _on_a_small_disk(
    mountpoint: pathlib.Path, *arguments: str
) -> tuple[str, list[str], list[str]]:
    """Run the script with 4 MiB at ``mountpoint``, in a mount namespace of its own."""
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    done = subprocess.run(
        [
            *("unshare", "--mount", *user, "sh", "-ec"),
            'mount -t tmpfs -o size=4m none "$0"; exec "$@"',
            *(str(mountpoint), sys.executable, "-c", _SCRIPT),
            *(str(mountpoint), *arguments),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return told["error"], told["folder"], told["bases"]


@pytest.mark.parametrize(
    ("what", "fmt", "sparse", "words"),
    [
        ("root", "raw", False, "No space left on device"),
        ("root", "qcow2", False, "No space left on device"),
        ("root", "vhd", False, "No space left on device"),
        ("root", "raw", True, "MiB are needed and"),
        ("root", "vhd", True, "MiB are needed and"),
        ("overlay", "qcow2", False, "No space left on device"),
        ("overlay", "qcow2", True, "MiB are needed and"),
        ("ephemeral", "raw", False, "No space left on device"),
        ("ephemeral", "qcow2", False, "No space left on device"),
        ("kernel", "raw", False, "8 MiB are needed and"),
    ],
)
def test_a_full_disk_leaves_nothing(
    tmp_path: pathlib.Path, what: str, fmt: str, sparse: bool, words: str
) -> None:
    mountpoint, source = tmp_path / "small", tmp_path / "source"
    mountpoint.mkdir()
    with source.open("wb") as stream:
        stream.write(os.urandom((6 if sparse else 8) * MIB))
        stream.truncate(8 * MIB)
        os.fsync(stream.fileno())
    error, folder, bases = _on_a_small_disk(mountpoint, str(source), what, fmt)
    assert words in error
    assert error.startswith("Server alice: ")
    assert error.endswith(
        "nothing was kept; free some space or set instances_path to a larger disk."
    )
    assert folder == [".building"]
    assert bases == []


@pytest.mark.parametrize(
    ("told", "words"),
    [(True, "8 MiB are needed and"), (False, "No space left on device")],
)
def test_a_download_that_does_not_fit_leaves_nothing(
    tmp_path: pathlib.Path, told: bool, words: str
) -> None:
    mountpoint = tmp_path / "small"
    mountpoint.mkdir()
    with serving(Site(os.urandom(8 * MIB), length=told)) as site:
        error, folder, kept = _on_a_small_disk(
            mountpoint, site.url + "/image", "import", "raw"
        )
    assert words in error
    assert folder == [".building"]
    assert kept == []


@pytest.fixture
def small_files() -> Iterator[Callable[[], None]]:
    """Let no file grow above 1 MiB, for this process and what it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("fmt", DiskFormat)
def test_a_file_too_large_leaves_nothing(
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    fmt: DiskFormat,
    small_files: Callable[[], None],
) -> None:
    source = tmp_path / "full.raw"
    source.write_bytes(os.urandom(4 * MIB))
    plan = DiskPlan(
        kind=DiskKind.ROOT,
        path=str(folder / "disk"),
        format=fmt,
        size=4 * MIB,
        base=str(source),
        base_format=DiskFormat.RAW,
    )
    small_files()
    with pytest.raises(exceptions.NotEnoughDisk, match="too large"):
        make_disk(plan, server="a", instances_path=str(folder.parent))
    assert os.listdir(folder) == []
