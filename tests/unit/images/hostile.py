# SPDX-License-Identifier: Apache-2.0
"""Images of every format, and such as would have a program open another file."""

import gzip
import os
import pathlib
import struct
import subprocess
from collections.abc import Callable

from nova_xen.model import MIB

Make = Callable[[pathlib.Path], None]


def qemu(fmt: str, *options: str, size: int = MIB) -> Make:
    def make(path: pathlib.Path) -> None:
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", fmt, *options, str(path), str(size)],
            check=True,
        )

    return make


def luks(path: pathlib.Path) -> None:
    """Only its head: deriving a key takes seconds."""
    path.write_bytes(b"LUKS\xba\xbe\0\1" + bytes(MIB))


def gpt(path: pathlib.Path) -> None:
    table = bytearray(MIB)
    table[446:462] = bytes((0, 0, 2, 0, 0xEE, 255, 255, 255, 1, 0, 0, 0, 0, 8, 0, 0))
    table[510:512] = b"\x55\xaa"
    table[512:520] = b"EFI PART"
    path.write_bytes(table)


def iso(path: pathlib.Path) -> None:
    path.write_bytes(bytes(32768) + b"\x01CD001\x01" + bytes(MIB))


def zipped(path: pathlib.Path) -> None:
    path.write_bytes(gzip.compress(os.urandom(MIB)))


def differencing(path: pathlib.Path) -> None:
    """A VHD of type 4 with a checksum that is right."""
    qemu("vpc", "-o", "force_size=on")(path)
    data = bytearray(path.read_bytes())
    for start in (0, len(data) - 512):
        footer = data[start : start + 512]
        footer[60:68] = struct.pack(">I", 4) + bytes(4)
        footer[64:68] = struct.pack(">I", ~sum(footer) & 0xFFFFFFFF)
        data[start : start + 512] = footer
    path.write_bytes(data)


FORMATS: dict[str, Make] = {
    "qcow": qemu("qcow"),
    "qcow2-v2": qemu("qcow2", "-o", "compat=0.10"),
    "qcow2-v3": qemu("qcow2"),
    "vhd-dynamic": qemu("vpc", "-o", "force_size=on"),
    "vhd-fixed": qemu("vpc", "-o", "subformat=fixed,force_size=on"),
    "vhd-differencing": differencing,
    "vmdk-sparse": qemu("vmdk"),
    "vmdk-stream": qemu("vmdk", "-o", "subformat=streamOptimized"),
    "vmdk-flat": qemu("vmdk", "-o", "subformat=monolithicFlat"),
    "vdi": qemu("vdi"),
    "vhdx": qemu("vhdx"),
    "qed": qemu("qed"),
    "luks": luks,
    "parallels": qemu("parallels"),
    "gpt": gpt,
    "iso": iso,
    "gzip": zipped,
}


def pointing_at(canary: pathlib.Path, folder: pathlib.Path) -> list[pathlib.Path]:
    """Images in ``folder`` whose headers name ``canary``, a raw file of 1 MiB."""

    def run(*arguments: object) -> None:
        subprocess.run(["qemu-img", *map(str, arguments)], check=True)

    create = ("create", "-q", "-u", "-f", "qcow2")
    backing, data, json_backing, v2, both = (
        folder / name for name in ("backing", "data", "json", "v2", "both")
    )
    run(*create, "-b", canary, "-F", "raw", backing, MIB)
    named = f'json:{{"driver":"raw","file":{{"driver":"file","filename":"{canary}"}}}}'
    run(*create, "-b", named, "-F", "raw", json_backing, MIB)
    run(*create, "-o", "compat=0.10", "-b", canary, "-F", "raw", v2, MIB)
    _data_file(data, canary)
    _data_file(both, canary, extra=b"\0" * 4096)
    extent = f'RW 2048 FLAT "{canary}" 0\n'
    descriptor = folder / "descriptor"
    descriptor.write_text(
        "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
        f'createType="monolithicFlat"\n{extent}'
    )
    return [backing, data, json_backing, v2, both, descriptor]


def _data_file(path: pathlib.Path, canary: pathlib.Path, extra: bytes = b"") -> None:
    """qcow2 whose content is the canary's: made for a file beside it, then patched."""
    made = path.with_name("d" * len(str(canary)))
    options = f"data_file={made},data_file_raw=on"
    qemu("qcow2", "-o", options)(path)
    data = path.read_bytes().replace(os.fsencode(made), os.fsencode(canary))
    path.write_bytes(data + extra)
    made.unlink(missing_ok=True)
