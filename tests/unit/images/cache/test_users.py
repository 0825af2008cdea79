# SPDX-License-Identifier: Apache-2.0
"""Whatever way a disk names the base below it, the base is found in use."""

import json
import pathlib
import struct
from collections.abc import Callable

import pytest

from nova_xen.images import prune_cache
from nova_xen.images.cache.users import find_users
from nova_xen.images.tools import qemu_img
from nova_xen.model import MIB, DiskFormat, ImageOptions
from unit.images.conftest import UUID


def _plain(base: str) -> str:
    return base


def _protocol(base: str) -> str:
    return f"file:{base}"


def _json(base: str) -> str:
    node = {"driver": "raw", "file": {"driver": "file", "filename": base}}
    return "json:" + json.dumps(node)


def _escaped(base: str) -> str:
    """As QEMU takes it: every character by its number."""
    node = _json("@")
    return node.replace("@", "".join(f"\\u{ord(letter):04x}" for letter in base))


def _damaged(base: str) -> str:
    return _json(base)[:-3]


def _in_a_driver(base: str) -> str:
    return f"blkdebug:/x:{base}:and more"


def _overlay_of(below: str, path: pathlib.Path) -> None:
    """qcow2 of 1 MiB; its backing file stands behind its header."""
    qemu_img.create(str(path), DiskFormat.QCOW2, MIB, server="a")
    data = bytearray(path.read_bytes())
    name = below.encode()
    data[8:20] = struct.pack(">QI", 4096, len(name))
    data[4096 : 4096 + len(name)] = name
    path.write_bytes(data)


@pytest.mark.parametrize(
    "words", [_plain, _protocol, _json, _escaped, _damaged, _in_a_driver]
)
def test_a_base_is_found_in_use(
    base: pathlib.Path,
    folder: pathlib.Path,
    instances_path: str,
    words: Callable[[str], str],
) -> None:
    # a name by number takes six times the room, and 1023 bytes are the most
    below = words(base.name if words is _escaped else str(base))
    _overlay_of(below, folder / "disk")
    assert find_users(instances_path)[base.name] == (UUID,)
    assert prune_cache(instances_path, ImageOptions(), everything=True) == ()
    assert base.exists()


def test_two_bases_in_one_name_are_both_in_use(
    folder: pathlib.Path, instances_path: str
) -> None:
    names = [f"{letter * 64}.raw" for letter in "ab"]
    _overlay_of("json:" + json.dumps({"children": names}), folder / "disk")
    found = find_users(instances_path)
    assert {name: found.get(name) for name in names} == dict.fromkeys(names, (UUID,))
