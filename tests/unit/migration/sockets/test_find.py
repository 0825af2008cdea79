# SPDX-License-Identifier: Apache-2.0
"""Who sends a domain, by the command lines and descriptors of /proc."""

import ipaddress
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.migration.sockets import find

SEEN = "/usr/lib/xen-4.17/bin/libxl-save-helper --save-domain 48 37 1 1 136 0"


def process(proc: Path, pid: int, command: str, links: dict[str, str]) -> None:
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    words = command.split()
    (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
    for name, target in links.items():
        os.symlink(target, folder / "fd" / name)


@pytest.mark.parametrize(
    ("command", "links", "domid", "inodes"),
    [
        (SEEN, {"48": "socket:[7]", "3": "socket:[8]"}, 1, {7}),
        (SEEN, {"48": "socket:[7]"}, 48, None),
        (SEEN, {"48": "socket:[7]"}, 37, None),
        (SEEN, {"48": "pipe:[7]"}, 1, set()),
        (SEEN, {}, 1, set()),
        (SEEN.replace(" 1 1 ", " 11 1 "), {"48": "socket:[7]"}, 1, None),
        (SEEN.replace("save-domain", "restore-domain"), {}, 1, None),
        (SEEN.replace("libxl-save-helper", "vi"), {}, 1, None),
        (SEEN.replace("48", "../3"), {"3": "socket:[7]"}, 1, None),
        ("libxl-save-helper --save-domain 48 37", {}, 1, None),
        ("", {}, 1, None),
    ],
)
def test_the_helper_that_sends_a_domain(
    tmp_path: Path,
    command: str,
    links: dict[str, str],
    domid: int,
    inodes: set[int] | None,
) -> None:
    process(tmp_path, 309, command, links)
    assert find.helper_inodes(domid, tmp_path) == inodes


def test_a_process_that_ends_meanwhile_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "5").mkdir()
    os.symlink("/nowhere/at/all", tmp_path / "5" / "cmdline")
    assert find.helper_inodes(1, tmp_path) is None
    assert find.inodes_of([5, 6], tmp_path) == frozenset()


def test_all_sockets_of_several_processes(tmp_path: Path) -> None:
    process(tmp_path, 1, "libvirtd", {"3": "socket:[10]", "4": "/dev/null"})
    process(tmp_path, 2, "libvirtd", {"3": "socket:[11]", "4": "socket:[10]"})
    assert find.inodes_of([1, 2], tmp_path) == {10, 11}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10.77.0.2", "10.77.0.2"),
        ("::ffff:10.77.0.2", "10.77.0.2"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8::2", "2001:db8::2"),
    ],
)
def test_one_address_written_in_several_ways(written: str, meant: str) -> None:
    assert find.plain(written) == ipaddress.ip_address(meant)


@given(st.ip_addresses(v=4))
def test_every_mapped_address_is_its_own(address: ipaddress.IPv4Address) -> None:
    assert find.plain(f"::ffff:{address}") == address == find.plain(str(address))


@pytest.mark.parametrize(
    ("name", "address"),
    [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("localhost", "127.0.0.1")],
)
def test_addresses_of_a_name(name: str, address: str) -> None:
    assert ipaddress.ip_address(address) in find.addresses_of(name)


def test_the_ports_of_libvirt() -> None:
    """LIBXL_MIGRATION_PORT_MIN and _MAX; virPortAllocator takes both."""
    assert (find.MIGRATION_PORTS[0], find.MIGRATION_PORTS[-1]) == (49152, 49216)
