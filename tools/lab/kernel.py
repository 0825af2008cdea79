# SPDX-License-Identifier: Apache-2.0
"""Kernels and their modules, taken out of an unpacked Debian system."""

import contextlib
import lzma
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.cpio import Entry, file
from lab.errors import LabError
from lab.run import run

_ELF = b"\x7fELF"


def version(tree: Path) -> str:
    """Version of the newest kernel in the tree."""
    return sorted(path.name for path in (tree / "lib/modules").iterdir())[-1]


def bzimage(tree: Path) -> Path:
    return tree / f"boot/vmlinuz-{version(tree)}"


def _gunzip(data: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(data)


def _unxz(data: bytes) -> bytes:
    return lzma.LZMADecompressor().decompress(data)


def _filter(*command: str) -> Callable[[bytes], bytes]:
    def through(data: bytes) -> bytes:
        # what follows the payload makes the program complain after the last byte
        done = subprocess.run(command, input=data, capture_output=True, check=False)
        return done.stdout

    return through


_PAYLOADS: dict[bytes, Callable[[bytes], bytes]] = {
    b"\xfd7zXZ\0": _unxz,
    b"\x1f\x8b\x08": _gunzip,
    b"\x02\x21\x4c\x18": _filter("lz4", "-dc"),
    b"\x28\xb5\x2f\xfd": _filter("zstd", "-dc"),
}


def _candidates(image: bytes) -> Iterator[bytes]:
    for magic, unpack in _PAYLOADS.items():
        at = image.find(magic)
        while at >= 0:
            # an error means that the magic was a coincidence: look further
            with contextlib.suppress(zlib.error, lzma.LZMAError):
                yield unpack(image[at:])
            at = image.find(magic, at + 1)


def unpack(image: bytes) -> bytes:
    """The ELF kernel inside a bzImage, which boots far faster in emulation."""
    for candidate in _candidates(image):
        if candidate.startswith(_ELF):
            return candidate
    raise LabError(
        "The kernel image holds no ELF kernel packed by xz, gzip, lz4 or zstd: "
        "the lab cannot boot it."
    )


def modules(tree: Path, names: list[str]) -> list[Path]:
    """Paths of the modules and what they depend on, in the order to load them."""
    argv = ["modprobe", "-d", str(tree), "-S", version(tree), "-a", "-D", *names]
    words = [line.split() for line in run(argv).splitlines()]
    paths = [Path(word[1]) for word in words if word[0] == "insmod"]
    return list(dict.fromkeys(paths))


def module_entries(tree: Path, names: list[str]) -> list[Entry]:
    """Members /m/NAME.ko for an initial RAM disk, and /m/order."""
    entries: list[Entry] = []
    for path in modules(tree, names):
        data = path.read_bytes()
        name = path.name.removesuffix(".xz")
        plain = lzma.decompress(data) if path.suffix == ".xz" else data
        entries.append(file(f"m/{name}", plain))
    order = "".join(entry.name.removeprefix("m/") + "\n" for entry in entries)
    return [*entries, file("m/order", order.encode())]
