# SPDX-License-Identifier: Apache-2.0
"""Names, numbers and places: everything in the lab that is fixed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOM0_FILES = Path(__file__).resolve().parent / "dom0"
GUEST_FILES = Path(__file__).resolve().parent / "guest"
MOST_HOSTS = 2

MEMORY_MIB = 4096
DOM0_MEMORY_MIB = 1280


@dataclass(frozen=True)
class Cpu:
    """The processors of a host: QEMU's -cpu, and how many."""

    # Without AVX and XSAVE: with them (QEMU's "max") programs in dom0 crashed at
    # random. This one had an hour without a crash: doc/contributor/lab.rst.
    model: str = "Opteron_G3,+svm,+npt,-rdtscp"
    # With two, Xen hosts and everything else on a machine of two cores wait for
    # each other's processors: guests take five to ten times as long to boot.
    count: int = 1


@dataclass(frozen=True)
class Suite:
    """A Debian release and what it calls Xen and Python."""

    name: str
    xen: str
    python: str


SUITES = {
    "bookworm": Suite("bookworm", "4.17", "3.11"),
    "trixie": Suite("trixie", "4.20", "3.13"),
}


def port_offset(environment: Mapping[str, str] = os.environ) -> int:
    """Added to every port, for a second lab beside the first on one machine."""
    return int(environment.get("NOVA_XEN_LAB_PORT_OFFSET") or 0)


@dataclass(frozen=True)
class Host:
    """One Xen host; its ports are on the loopback address of this machine."""

    number: int

    @property
    def name(self) -> str:
        return f"xen{self.number}"

    @property
    def ssh_port(self) -> int:
        return 2200 + self.number + port_offset()

    @property
    def libvirt_port(self) -> int:
        return 16500 + self.number + port_offset()

    @property
    def address(self) -> str:
        """Address on br0, the network of hosts and guests (10.77.0.0/16)."""
        return f"10.77.0.{self.number}"

    @property
    def libvirt_uri(self) -> str:
        return f"xen+tcp://127.0.0.1:{self.libvirt_port}/system"


HOSTS = tuple(Host(number) for number in range(1, MOST_HOSTS + 1))


def cache_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Where builds and running hosts are kept."""
    if named := environment.get("NOVA_XEN_LAB_DIR"):
        return Path(named)
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "nova-xen" / "lab"
