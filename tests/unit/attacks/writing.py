# SPDX-License-Identifier: Apache-2.0
"""Files for a guest that are led out of it, by their paths or by links of its image."""

import copy
import pathlib
from collections.abc import Mapping
from unittest import mock

import pytest

from nova_xen import exceptions
from nova_xen.injection.guest import appliance, worker
from nova_xen.injection.guest.inject import inject
from nova_xen.injection.guest.problems import Refused
from nova_xen.injection.guest.request import Request
from nova_xen.injection.options import InjectionOptions
from nova_xen.model import DiskFormat, GuestSetup, InjectedFile, InjectionPlan
from unit.attacks.scene import SERVER, WORDS, Scene
from unit.injection.guest.fake_guest import FakeGuest, debian

NEW = b"written for the guest"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 me@example.org"


class Machine(FakeGuest):
    """libguestfs's machine with the one file system of a guest like Debian's in it."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes = debian().nodes
        self.mounted: list[str] = []

    def vfs_type(self, _mountable: str) -> str:
        return "ext4"

    def mount_options(self, options: str, _mountable: str, _mountpoint: str) -> None:
        self.mounted.append(options)

    def ping_daemon(self) -> None:
        """It lives, so that it is the image that is refused."""

    def shutdown(self) -> None:
        """All is written."""

    def close(self) -> None:
        """Nothing is to be let go of."""


def dot_dot(scene: Scene) -> bytes:
    """Refused when it is planned, and once more by what would write it."""
    path = f"/root/../../..{scene.canary}"
    setup = GuestSetup(files=(InjectedFile(path=path, content=NEW),))
    host = scene.under(inject_partition=1)
    said = b""
    for drive in (True, False):
        request = host.request(host.raw_image(), setup=setup, config_drive=drive)
        with pytest.raises(exceptions.InvalidRequest, match=r"'\.\.'") as told:
            host.create(request)
        assert host.left() == []
        said += str(told.value).encode()
    with pytest.raises(exceptions.InjectionRefused, match=r"'\.\.'"):
        inject(
            InjectionPlan(path="/nowhere/disk", format=DiskFormat.RAW, partition=1),
            host.driver.build_instance(request),
            options=InjectionOptions(),
            server=SERVER,
            progress=lambda what, part: None,
        )
    return said


def write(machine: Machine, *paths: str, keys: tuple[str, ...] = ()) -> set[str]:
    """Do as the process does that writes a disk; tells where anything changed."""
    before = copy.deepcopy(machine.nodes)
    files = tuple(InjectedFile(path=path, content=NEW) for path in paths)
    request = Request(
        path="/disk",
        format=DiskFormat.RAW,
        partition=1,
        folder="/folder",
        cache="/cache",
        memory_mib=512,
        setup=GuestSetup(files=files, ssh_keys=keys),
        nics=(),
    )
    try:
        with mock.patch.object(appliance, "start", return_value=machine):
            worker.work(request, lambda doing: None)
    except Refused:
        assert _changed(before, machine) == set()
        raise
    assert set(machine.mounted) == {"nodev,nosuid,noexec"}
    return _changed(before, machine)


def _changed(before: Mapping[str, object], machine: Machine) -> set[str]:
    after = machine.nodes
    paths = before.keys() | after.keys()
    return {path for path in paths if before.get(path) != after.get(path)}


def _refused(machine: Machine, *paths: str, keys: tuple[str, ...] = ()) -> None:
    with pytest.raises(Refused):
        write(machine, *paths, keys=keys)


def links(scene: Scene) -> bytes:
    """Absolute and relative, in place of the file and of a folder on its way."""
    outside = scene.canary
    written = b""
    for target in (str(outside), "../" * 20 + str(outside).lstrip("/")):
        machine = Machine()
        machine.link("/etc/motd", target)
        assert write(machine, "/etc/motd") == {"/etc/motd"}
        written += machine.nodes["/etc/motd"].content
        machine = Machine()
        machine.link("/srv", str(pathlib.PurePath(target).parent))
        _refused(machine, f"/srv/{outside.name}")
    for target in (str(outside.parent), "/etc", "../../etc"):
        machine = Machine()
        machine.link("/root/.ssh", target)
        _refused(machine, keys=(KEY,))
    assert written == 2 * NEW
    return written


def links_that_root_alone_sees(scene: Scene) -> bytes:
    """The guest has such a file itself, so that its words would be seen if read."""
    outside = scene.canary
    written = b""
    for target in (str(outside), "../" * 20 + str(outside).lstrip("/")):
        machine = Machine()
        machine.folder("/root", mode=0o700)
        machine.folder("/root/.ssh", mode=0o700)
        machine.link("/root/.ssh/authorized_keys", target)
        machine.file(str(outside), WORDS)
        _refused(machine, keys=(KEY,))
        path = "/root/.ssh/authorized_keys"
        assert write(machine, path) == {path}
        written += machine.nodes[path].content
        machine = Machine()
        machine.folder("/root", mode=0o700)
        machine.link("/root/private", str(pathlib.PurePath(target).parent))
        _refused(machine, f"/root/private/{outside.name}")
    assert written == 2 * NEW
    return written
