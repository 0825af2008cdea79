# SPDX-License-Identifier: Apache-2.0
"""What the kernel saw: no process on the way of an image opens any other file."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

import nova_xen
from nova_xen.model import MIB, DiskFormat
from unit.images.hostile import FORMATS, pointing_at

#: a call, ended or not: another thread's may be told in between
_CALLED = re.compile(
    r'\b(open|openat|openat2|creat)\((?:[^"]+, )?"((?:[^"\\]|\\.)*)", '
    r"([^)]*?)(?:\)| <unfinished)"
)
#: what a descriptor stands for, whatever the name was that it was opened by
_GOT = re.compile(r" = \d+<(/[^>]*?)(?: \(deleted\))?>")
_CONNECTED = re.compile(r"connect\(")
#: the interpreter, libraries and what they read of the system
_SYSTEM = (
    *("/usr/", "/lib/", "/lib64/", "/etc/ld.so", "/etc/localtime", "/etc/ssl/"),
    "/etc/locale.alias",
    *("/proc/", "/sys/", "/dev/null", "/dev/urandom", "/etc/mke2fs.conf", "/etc/mtab"),
    *("/etc/crypto-policies", "/etc/gcrypt", "/etc/gnutls", "/etc/mime.types"),
    *(sys.prefix, sys.base_prefix, sys.exec_prefix),
    str(pathlib.Path(nova_xen.__file__).parents[2]),
)
#: makes a disk of each image, as each format it could be declared
_MAKE = """
import json, os, sys
from nova_xen import exceptions
from nova_xen.images import make_disk
from nova_xen.model import DiskFormat, DiskKind, DiskPlan
instances, folder, *images = sys.argv[1:]
ended = {}
for image in images:
    for declared in (None, *DiskFormat):
        for overlay in (False, True):
            fmt = DiskFormat.QCOW2 if overlay else DiskFormat.RAW
            plan = DiskPlan(kind=DiskKind.ROOT, path=folder + "/disk", format=fmt,
                            size=4 * 1024**2, base=image, base_format=declared,
                            overlay=overlay)
            try:
                make_disk(plan, server="a", instances_path=instances)
                os.unlink(folder + "/disk")
                said = ""
            except exceptions.ImageRejected as error:
                said = str(error)
            ended[f"{os.path.basename(image)} {declared} {overlay}"] = said
print(json.dumps(ended))
"""

_WITH_STRACE = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed"
)


@dataclasses.dataclass(frozen=True)
class Opened:
    """A call of open, and whether it was for writing."""

    path: str
    writing: bool


def _traced(log: pathlib.Path, *command: str) -> "subprocess.CompletedProcess[str]":
    calls = "open,openat,openat2,creat,connect"
    done = subprocess.run(
        # the filter has the kernel pass by what is not looked for, which is quick
        [
            *("strace", "-fqqy", "--seccomp-bpf", "-s", "4096"),
            *("-e", f"trace={calls}", "-o", str(log), *command),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if "ptrace" in done.stderr and "not permitted" in done.stderr.lower():
        pytest.skip("tracing is not permitted here")
    return done


def _opened(log: pathlib.Path) -> list[Opened]:
    lines = log.read_text(errors="replace").splitlines()
    return [each for line in lines for each in _parse(line)]


def _parse(line: str) -> Iterator[Opened]:
    """The names by which a line of strace's tells of a file that was opened."""
    if " = -1 ENOENT " in line:
        return
    called, got = _CALLED.search(line), _GOT.search(line)
    writing = called is not None and (
        called[1] == "creat"
        or re.search("O_WRONLY|O_RDWR|O_CREAT", called[3]) is not None
    )
    if called is not None:
        yield Opened(os.path.normpath(called[2]), writing)
    if got is not None and (called is not None or " resumed>" in line):
        yield Opened(os.path.normpath(got[1]), writing)


@pytest.mark.parametrize(
    ("line", "paths", "writing"),
    [
        ('7 openat(AT_FDCWD, "/s", O_RDONLY|O_CLOEXEC) = 3', ["/s"], False),
        ('7 openat(AT_FDCWD, "/s", O_RDONLY <unfinished ...>', ["/s"], False),
        ('7 openat(AT_FDCWD</w, x>, "/s", O_RDWR) = 3</s>', ["/s", "/s"], True),
        (
            '7 openat(AT_FDCWD, "/s", O_WRONLY|O_CREAT, 0644 <unfinished ...>',
            ["/s"],
            True,
        ),
        ('7 openat(AT_FDCWD, "/s", O_RDONLY) = -1 EACCES (denied)', ["/s"], False),
        ('7 openat(AT_FDCWD, "/s", O_RDONLY) = -1 ENOENT (No such file)', [], False),
        ('7 open("/a/../s", O_RDONLY) = 3', ["/s"], False),
        ('7 open("/a\\"), b", O_RDONLY) = 3', ['/a\\"), b'], False),
        ('7 openat2(3</w>, "/s", {flags=O_RDWR, resolve=0}, 24) = 4', ["/s"], True),
        ('7 creat("/s", 0644) = 3</s>', ["/s", "/s"], True),
        ('7 creat("/s", 0644 <unfinished ...>', ["/s"], True),
        (
            '7 openat(AT_FDCWD, "/proc/self/fd/7", O_RDONLY) = 8</etc/shadow>',
            ["/proc/self/fd/7", "/etc/shadow"],
            False,
        ),
        ("7 <... openat resumed>) = 3</etc/shadow>", ["/etc/shadow"], False),
        ("7 <... openat resumed>, 0644) = 3</s (deleted)>", ["/s"], False),
        ("7 <... openat resumed>) = -1 EACCES (denied)", [], False),
        ('7 connect(3<socket:[1]>, {sun_path="/s"}, 110) = 0', [], False),
    ],
)
def test_a_line_is_understood(line: str, paths: list[str], writing: bool) -> None:
    assert list(_parse(line)) == [Opened(path, writing) for path in paths]


@pytest.fixture
def canary(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "secret"
    folder.mkdir()
    path = folder / "canary"
    path.write_bytes(b"secret" * (MIB // 6) + bytes(4))
    return path


@pytest.fixture
def hostile(tmp_path: pathlib.Path, canary: pathlib.Path) -> list[pathlib.Path]:
    folder = tmp_path / "hostile"
    folder.mkdir()
    return pointing_at(canary, folder)


@_WITH_STRACE
def test_no_file_is_opened_but_the_image_and_the_servers_own(
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    canary: pathlib.Path,
    hostile: list[pathlib.Path],
) -> None:
    good = tmp_path / "good"
    good.mkdir()
    for name, make in FORMATS.items():
        make(good / name)
    images = [*hostile, *(good / name for name in FORMATS)]
    log, instances = tmp_path / "log", str(folder.parent)
    done = _traced(
        log, sys.executable, "-c", _MAKE, instances, str(folder), *map(str, images)
    )
    assert done.returncode == 0, done.stderr[-2000:]
    ended = json.loads(done.stdout)
    for path in hostile:
        ways = [each for each in ended if each.startswith(f"{path.name} ")]
        assert len(ways) == 2 * (1 + len(DiskFormat))
        assert all(ended[each] for each in ways)
    assert ended["qcow2-v3 qcow2 True"] == ended["vhd-fixed vhd False"] == ""
    _only_these(_opened(log), (instances, *map(str, images)), instances)
    assert not _CONNECTED.search(log.read_text(errors="replace"))


def _only_these(opened: list[Opened], allowed: tuple[str, ...], own: str) -> None:
    assert any(each.writing and each.path.startswith(own) for each in opened)
    strange = {
        each.path
        for each in opened
        if os.path.isabs(each.path) and not each.path.startswith((*_SYSTEM, *allowed))
    }
    assert strange == set()
    written = {each.path for each in opened if each.writing}
    assert {path for path in written if not path.startswith((own, "/dev/"))} == set()


@_WITH_STRACE
def test_a_program_that_guesses_formats_does_open_it(
    tmp_path: pathlib.Path, canary: pathlib.Path, hostile: list[pathlib.Path]
) -> None:
    """The images are as hostile as they look, and the tracing sees it."""
    for number, path in enumerate(hostile):
        log, out = tmp_path / f"log{number}", tmp_path / "out"
        _traced(log, "qemu-img", "convert", "-O", "raw", str(path), str(out))
        assert str(canary) in {each.path for each in _opened(log)}, path.name
        # a data file of which nothing is mapped reads as zeros
        assert b"secret" in out.read_bytes() or path.name in ("data", "both")
