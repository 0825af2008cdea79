# SPDX-License-Identifier: Apache-2.0
"""Calls of libvirt that each operation makes: counted on the fake host, not timed.

Each call is a round trip to libvirtd, so the numbers hold on every host where guests
do what they are asked at once; waiting for a slow guest adds one or two a look.
"""

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, Report
from nova_xen.domain import format_domain
from nova_xen.driver import LibvirtDriver
from nova_xen.hypervisor import Connection
from nova_xen.model import MIB, Flavor, PlanOptions
from nova_xen.operations.host import Host
from nova_xen.operations.request import CreateRequest
from nova_xen.testing import FakeHost

LISTED = (1, 10, 100)
DOMAIN_0 = 0
_RUNNING = 16  # libvirt's VIR_CONNECT_LIST_DOMAINS_RUNNING

#: calls by libvirt's name, for each operation
Counts = dict[str, Counter[str]]


@dataclasses.dataclass(frozen=True)
class Rig:
    """A driver on a fake host with room for the guests of this benchmark."""

    fake: FakeHost
    connection: Connection
    driver: LibvirtDriver
    folder: Path

    @classmethod
    def build(cls, folder: Path) -> "Rig":
        """A rig that keeps its files below ``folder``."""
        fake = FakeHost(memory_mib=64 * 1024)
        connection = Connection(opener=fake.connect)
        options = PlanOptions(instances_path=str(folder / "instances"))
        driver = _driver(Host(connection=connection, options=options))
        for name in ("kernel", "ramdisk"):
            (folder / name).write_bytes(name.encode())
        with (folder / "image.raw").open("wb") as image:
            image.write(b"\0" * 512)
            image.truncate(MIB)
        return cls(fake, connection, driver, folder)

    def request(self, name: str) -> CreateRequest:
        """A small PVH server."""
        return CreateRequest(
            name=name,
            image=str(self.folder / "image.raw"),
            image_format="raw",
            flavor=Flavor(vcpus=1, memory_mib=64),
            properties={"hw_machine_type": "xenpvh"},
            kernel=str(self.folder / "kernel"),
            ramdisk=str(self.folder / "ramdisk"),
        )

    def spawn(self, name: str) -> None:
        """Make a server as ``nova-xen server create`` does."""
        instance = self.driver.build_instance(self.request(name))
        self.driver.spawn(self.driver.plan(instance))

    def define(self, name: str) -> None:
        """Have the fake host run one more server, without its files."""
        instance = self.driver.build_instance(self.request(name))
        xml = format_domain(self.driver.plan(instance).domain)
        self.fake.exists = lambda path: True
        self.fake.connect().defineXML(xml).create()

    def counted(self, work: Callable[[], Any]) -> Counter[str]:
        """The libvirt calls that ``work`` makes, as the host sees them."""
        before = len(self.fake.calls)
        work()
        return Counter(call.method for call in self.fake.calls[before:])


def _driver(host: Host) -> LibvirtDriver:
    from nova_xen import config

    return LibvirtDriver(config.load(), host=host)


def count_operations(rig: Rig) -> Counts:
    """The calls of each operation on one server, in the order of its life."""
    driver = rig.driver
    works: dict[str, Callable[[], Any]] = {
        "spawn": lambda: rig.spawn("web1"),
        "show": lambda: driver.get_info("web1"),
        "reboot": lambda: driver.reboot("web1"),
        "stop": lambda: driver.power_off("web1"),
        "start": lambda: driver.power_on("web1"),
        "delete": lambda: driver.destroy("web1"),
    }
    return {name: rig.counted(work) for name, work in works.items()}


def count_list(rig: Rig, servers: int, *, running: bool = True) -> Counter[str]:
    """The calls of a list, when there are ``servers`` of them, running or off."""
    for index in range(len(rig.fake.guests) - 1, servers):
        rig.define(f"web{index}")
    if not running:
        for domain in rig.fake.connect().listAllDomains(_RUNNING):
            if domain.ID() != DOMAIN_0:
                domain.destroy()
    found: list[Any] = []
    calls = rig.counted(lambda: found.extend(rig.driver.list_servers()))
    assert len(found) == servers
    return calls


def measure(listed: tuple[int, ...] = LISTED) -> Report:
    """Count everything once; there is nothing to repeat, for nothing varies."""
    with tempfile.TemporaryDirectory(prefix="nova-xen-bench-") as folder:
        rig = Rig.build(Path(folder))
        rig.driver.list_servers()  # so that no figure holds the opening
        counts = count_operations(rig)
        for servers in listed:
            counts[f"list of {servers}"] = count_list(rig, servers)
        off = count_list(rig, max(listed), running=False)
        counts[f"list of {max(listed)} that are off"] = off
    return Report(
        benchmark="round-trips",
        figures=tuple(_figure(name, calls) for name, calls in counts.items()),
        notes=tuple(_note(name, calls) for name, calls in counts.items()),
    )


def _figure(name: str, calls: Counter[str]) -> Figure:
    return Figure.of(name, "calls", [calls.total()])


def _note(name: str, calls: Counter[str]) -> str:
    parts = (f"{count} {method}" for method, count in sorted(calls.items()))
    return f"{name}: {', '.join(parts)}"
