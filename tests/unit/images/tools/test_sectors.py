# SPDX-License-Identifier: Apache-2.0
"""Disks on storage with sectors of 4 KiB, where O_DIRECT writes no less than that."""

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

from nova_xen.images.tools import qemu_img
from nova_xen.model import MIB, DiskFormat
from unit.images.tools.test_qemu_img import on_tmpfs

ODD = 5 * MIB + 512
#: a disk of every format and size is made on the mounted folder and compared
_MAKE = """
import json, os, subprocess, sys
from nova_xen.images.tools import qemu_img
from nova_xen.model import DiskFormat, VhdSubformat

folder, *sources = sys.argv[1:]
found = {}
for source in sources:
    size = os.path.getsize(source)
    for fmt in DiskFormat:
        for vhd in VhdSubformat:
            target = os.path.join(folder, "disk")
            qemu_img.create(target, fmt, size, server="a", vhd=vhd)
            qemu_img.convert(source, DiskFormat.RAW, target, fmt, server="a", size=size)
            same = subprocess.run(["qemu-img", "compare", "-f", "raw", "-F",
                                   fmt.qemu_img, source, target], capture_output=True)
            with open(target, "rb") as disk:
                disk.seek(-512, os.SEEK_END)
                ends = fmt is not DiskFormat.VHD or disk.read(8) == b"conectix"
            made = qemu_img.info(target, fmt, server="a").virtual_size
            found[f"{size} {fmt} {vhd}"] = [made == size, same.returncode == 0, ends]
            os.unlink(target)
print(json.dumps(found))
"""
_ON_A_LOOP = """
back=$1 folder=$2; shift 2
loop=$(losetup --find --show --sector-size 4096 "$back") || exit 77
trap 'umount "$folder"; losetup --detach "$loop"' EXIT
mkfs.ext4 -q -F -b 4096 "$loop"
mount "$loop" "$folder"
"$@"
"""


def test_disks_are_exact_on_sectors_of_4_kib(tmp_path: pathlib.Path) -> None:
    back, folder = tmp_path / "back", tmp_path / "mounted"
    folder.mkdir()
    back.touch()
    os.truncate(back, 96 * MIB)
    sources = [tmp_path / "odd", tmp_path / "even"]
    for path, size in zip(sources, (ODD, 8 * MIB), strict=True):
        path.write_bytes(os.urandom(size))
    done = subprocess.run(
        [
            *("unshare", "--mount", "sh", "-ec", _ON_A_LOOP, "sh"),
            *(str(back), str(folder), sys.executable, "-c", _MAKE),
            *(str(folder), *map(str, sources)),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"},
    )
    if done.returncode == 77 or os.geteuid() != 0:
        pytest.skip("there is no loop device with sectors of 4 KiB here")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 12
    assert {each for each, right in found.items() if not all(right)} == set()


@pytest.mark.parametrize(
    ("fmt", "size", "direct"),
    [
        (DiskFormat.RAW, 5 * MIB, True),
        (DiskFormat.RAW, ODD, False),
        (DiskFormat.QCOW2, 5 * MIB, True),
        (DiskFormat.QCOW2, ODD, False),
        (DiskFormat.VHD, 5 * MIB, False),
        (DiskFormat.VHD, ODD, False),
    ],
)
def test_what_is_written_with_o_direct(
    tmp_path: pathlib.Path,
    fake_qemu_img: Callable[[str], None],
    fmt: DiskFormat,
    size: int,
    direct: bool,
) -> None:
    if on_tmpfs(tmp_path):
        pytest.skip("there is no O_DIRECT here")
    log, source, target = (str(tmp_path / name) for name in ("log", "source", "target"))
    qemu_img.create(source, DiskFormat.RAW, size, server="a")
    qemu_img.create(target, fmt, size, server="a")
    fake_qemu_img(f'echo "$*" > {log}; exec $REAL "$@"')
    qemu_img.convert(source, DiskFormat.RAW, target, fmt, server="a", size=size)
    words = pathlib.Path(log).read_text().split()
    assert words[words.index("-t") + 1] == ("none" if direct else "writeback")
    assert "-T" not in words
