# SPDX-License-Identifier: Apache-2.0
"""The table of bad input: one sentence, exit code 1, and nothing left behind."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from nova_xen import config
from nova_xen.driver import LibvirtDriver
from nova_xen.hypervisor import Connection
from nova_xen.images.tools import qemu_img
from nova_xen.model import DiskFormat, PlanOptions
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost
from unit.cli.stub import Cli

MIB = 1024**2
GRUBLESS = "PV without its GRUB"
HVM = ("--property", "vm_mode=hvm")
DRIVE = ("--config-drive",)
ANY_FILE = __file__


def refused(code: int, domain: int, message: str) -> Callable[[str], Any]:
    """An opener to which libvirt answers with an error."""

    def opener(_uri: str) -> Any:
        error = libvirt.libvirtError(message)
        error.err = (code, domain, message, 2, None, None, None, -1, -1)
        raise error

    return opener


def cli(opener: Callable[[str], Any], instances: pathlib.Path) -> Cli:
    host = Host(
        connection=Connection(opener=opener),
        options=PlanOptions(instances_path=str(instances)),
    )
    return Cli(LibvirtDriver(config.load(), host=host))


@pytest.fixture
def image(tmp_path: pathlib.Path) -> str:
    path = str(tmp_path / "image.qcow2")
    qemu_img.create(path, DiskFormat.QCOW2, 2048 * MIB, server="test")
    return path


REQUESTS = {
    "a mode that is none": (("--property", "vm_mode=uml"), "vm_mode=uml"),
    "an unknown machine": (("--property", "hw_machine_type=q35"), "q35"),
    "an unknown firmware": ((*HVM, "--property", "hw_firmware_type=coreboot"), "bios"),
    "an unknown card": ((*HVM, "--property", "hw_video_model=voodoo"), "voodoo"),
    "a bus PV cannot have": (("--property", "hw_disk_bus=ide"), "bus ide"),
    "a bus Xen cannot have": ((*HVM, "--property", "hw_disk_bus=virtio"), "virtio"),
    "an image of another format": (("--image-format", "raw"), "declared raw"),
    "a bridge that is not there": (("--network", "bridge=nobr"), "no bridge nobr"),
    "too little memory": (("--ram", "900000"), "MiB free"),
    "too many vCPUs": (("--vcpus", "1000"), "1000 vCPUs"),
    "a disk smaller than the image": (("--disk", "1"), "needs 2 GiB"),
    "a kernel that is not there": (("--kernel", "/nowhere"), "/nowhere"),
    GRUBLESS: ((), "grub-xen-host"),
    "a host name that is none": (
        (*DRIVE, "--hostname", "a_b"),
        "'a_b' is no host name",
    ),
    "no way to tell it": (("--hostname", "web"), "ask for a config drive"),
    "metadata with a key that is none": ((*DRIVE, "--meta", "a/b=c"), "no key of meta"),
    "a path that leads upwards": (
        (*DRIVE, "--file", "/a/../b=/dev/null"),
        "'..' in it",
    ),
    "a folder": ((*DRIVE, "--file", "/a/=/dev/null"), "'/a/' is a folder"),
    "a path with a control character": (
        (*DRIVE, "--file", "/\x1b[2J=/dev/null"),
        "cont",
    ),
    "a file twice": ((*DRIVE, *("--file", "/a=/dev/null") * 2), "'/a' is given twice"),
    "no user data in it": ((*DRIVE, "--user-data", "/dev/null"), "user data is empty"),
    "user data without a drive": (("--user-data", ANY_FILE), "by a config drive alone"),
    "a key that is none": (
        (*DRIVE, "--key-file", "/proc/version"),
        "SSH key 1 does not begin",
    ),
    "a network's own address": (
        (*DRIVE, "--network", "bridge=xenbr0,ip=192.0.2.0/24"),
        "address of the network",
    ),
    "a gateway elsewhere": (
        (*DRIVE, "--network", "bridge=xenbr0,ip=192.0.2.5/24,gateway=192.0.2.255"),
        "is no host in the network",
    ),
    "an image whose policy is none": (
        ("--property", "img_config_drive=x"),
        "mandatory",
    ),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_requests(case: str, image: str, tmp_path: pathlib.Path) -> None:
    arguments, words = REQUESTS[case]
    fake = FakeHost(exists=lambda path: True)
    instances = tmp_path / "instances"
    kernel = () if case == GRUBLESS else ("--kernel", image)
    ended = cli(lambda uri: fake.connect(), instances)(
        *("server", "create", "web", "--image", image, "--ram", "64"),
        *kernel,
        *arguments,
    )
    assert (ended.code, ended.out) == (1, "")
    assert words in ended.err
    assert len(ended.err.splitlines()) == 1
    assert "Traceback" not in ended.err
    assert [d.ID() for d in fake.connect().listAllDomains()] == [0]
    assert not list(instances.glob("[0-9a-f]*"))


@pytest.mark.parametrize("name", ["../web", "we\nb", "we b", "-web", "", "a" * 300])
def test_names(name: str, image: str, tmp_path: pathlib.Path) -> None:
    fake = FakeHost()
    run = cli(lambda uri: fake.connect(), tmp_path / "instances")
    ended = run("server", "create", "--image", image, "--ram", "64", "--", name)
    assert ended.code == 1
    assert "is no valid name for a server" in ended.err
    assert len(ended.err.splitlines()) == 1


HOSTS = {
    "no libvirtd": (
        refused(38, 7, "Failed to connect socket to '/x/libvirt-sock': No such file"),
        "check that libvirtd runs",
    ),
    "no Xen": (
        refused(1, 41, "internal error: libxenlight state driver is not active"),
        "no working Xen driver",
    ),
    "no permission": (
        refused(45, 7, "authentication failed: access denied by policy"),
        "libvirt",
    ),
}


@pytest.mark.parametrize("case", HOSTS)
@pytest.mark.parametrize("command", [("server", "list"), ("host", "show")])
def test_hosts(case: str, command: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    opener, words = HOSTS[case]
    ended = cli(opener, tmp_path)(*command)
    assert (ended.code, ended.out) == (1, "")
    assert words in ended.err
    assert len(ended.err.splitlines()) == 1
