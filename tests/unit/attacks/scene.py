# SPDX-License-Identifier: Apache-2.0
"""A host, what an attacker brings to it, and a file of the host that he is after."""

import contextlib
import dataclasses
import os
import pathlib
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nova_xen import config
from nova_xen.domain import Domain, parse_domain
from nova_xen.driver import LibvirtDriver
from nova_xen.model import MIB, DiskFormat, Flavor, Server, VolumeRequest
from nova_xen.operations.host import Host
from nova_xen.operations.request import CreateRequest
from nova_xen.testing import FakeHost

#: what the canary begins with, and nobody is to read
WORDS = b"root:secret-of-the-host"
SERVER = "web"
_SIZES = {"root_gib", "ephemeral_gib", "swap_mib"}
#: of a disk, as much as a guest needs to read to see whether it got the canary
_READ = 2 * MIB
_BLOCK = 64 * 1024


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """``hostile`` are images that name the canary, by how they do it."""

    host: Host
    fake: FakeHost
    canary: pathlib.Path
    folder: pathlib.Path
    hostile: Mapping[str, pathlib.Path]
    kernel: pathlib.Path

    @property
    def instances(self) -> pathlib.Path:
        return pathlib.Path(self.host.options.instances_path)

    @property
    def driver(self) -> LibvirtDriver:
        """As it is in each run of the command: it remembers nothing."""
        return LibvirtDriver(config.load(), host=self.host)

    def under(self, **options: Any) -> "Scene":
        """The same host with other options of its operator."""
        changed = dataclasses.replace(self.host.options, **options)
        return dataclasses.replace(
            self, host=dataclasses.replace(self.host, options=changed)
        )

    def request(self, image: pathlib.Path | str, **changes: Any) -> CreateRequest:
        """A server of this image; sizes are its flavor's, the rest the request's."""
        sizes = {name: changes.pop(name) for name in _SIZES & changes.keys()}
        given: dict[str, Any] = {"name": SERVER, "kernel": str(self.kernel), **changes}
        flavor = Flavor(vcpus=1, memory_mib=128, **sizes)
        return CreateRequest(image=str(image), flavor=flavor, **given)

    def create(self, request: CreateRequest) -> Server:
        """The whole way of ``server create``."""
        driver = self.driver
        try:
            return driver.spawn(driver.plan(driver.build_instance(request)))
        finally:
            driver.cleanup_host()

    def give(self, path: pathlib.Path, declared: str | None = None) -> None:
        """The whole way of ``server add volume``."""
        fmt = None if declared is None else DiskFormat(declared)
        driver = self.driver
        try:
            driver.attach_volume(SERVER, VolumeRequest(path=str(path), format=fmt))
        finally:
            driver.cleanup_host()

    def raw_image(self) -> pathlib.Path:
        """An image that nothing is wrong with."""
        path = self.folder / "good"
        path.write_bytes(bytes(4 * MIB))
        return path

    def left(self) -> list[str]:
        """All there is of servers and images: domains, and files but for locks."""
        domains = [d.name() for d in self.fake.connect().listAllDomains() if d.ID()]
        files = (path.relative_to(self.instances) for path in _files(self.instances))
        return sorted([*domains, *(str(f) for f in files if f.parts[0] != "locks")])

    def document(self) -> Domain:
        """The server as libvirt has it."""
        return parse_domain(self.fake.connect().lookupByName(SERVER).XMLDesc(0))

    def disks(self) -> list[pathlib.Path]:
        """The files behind the server's disks, by its document."""
        sources = [disk.source for disk in self.document().devices.disks]
        return [pathlib.Path(source) for source in sources if source]

    def formats(self) -> set[tuple[str | None, str | None]]:
        """Driver and format of each disk, in every document libvirt has and was told.

        libvirt itself adds a format where it was told none.
        """
        told = [
            parse_domain(call.arguments[0])
            for call in self.fake.calls
            if call.method.startswith("defineXML")
        ]
        return {
            (disk.driver_name, disk.driver_type)
            for domain in (*told, self.document())
            for disk in domain.devices.disks
        }

    def rewrite(self, *headers: str) -> None:
        """The guest writes the header of a hostile image onto each of its disks."""
        for path, header in zip(self.disks(), headers, strict=True):
            with path.open("r+b") as stream:
                stream.write(self.hostile[header].read_bytes())

    def guest_reads(self) -> bytes:
        """What QEMU gives the guest of its disks, opened as the document says."""
        seen = b""
        for disk in self.document().devices.disks:
            out = self.folder / "read"
            known = ("-f", disk.driver_type) if disk.driver_type else ()
            qemu_img("convert", *known, "-O", "raw", str(disk.source), out)
            with out.open("rb") as stream:
                seen += stream.read(_READ)
        return seen


def content(path: pathlib.Path) -> tuple[int, dict[int, bytes]]:
    """A file's size, and each block with data in it, by where it begins."""
    blocks: dict[int, bytes] = {}
    with path.open("rb", buffering=0) as stream:
        number, end = stream.fileno(), 0
        with contextlib.suppress(OSError):  # ENXIO: nothing but a hole is left
            while True:
                begin = os.lseek(number, end, os.SEEK_DATA)
                end = os.lseek(number, begin, os.SEEK_HOLE)
                for at in range(begin // _BLOCK * _BLOCK, end, _BLOCK):
                    block = os.pread(number, _BLOCK, at)
                    if block.strip(b"\0"):
                        blocks[at] = block
    return path.stat().st_size, blocks


def _files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


def qemu_img(*arguments: object) -> None:
    """The bare program, which believes what it reads."""
    subprocess.run(["qemu-img", *map(str, arguments)], check=True)


#: makes the attack and returns what the attacker would like to have the words in
Attack = Callable[[Scene], bytes]
