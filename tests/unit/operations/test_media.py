# SPDX-License-Identifier: Apache-2.0
"""Media of CD drives of servers in each state."""

import pathlib
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.model import Flavor
from nova_xen.operations import power
from nova_xen.operations.host import Host
from nova_xen.operations.media import change_cdrom
from nova_xen.operations.query import get_server
from nova_xen.operations.request import CreateRequest, build_instance
from nova_xen.operations.spawn import plan, spawn
from nova_xen.testing import FakeHost

HVM = {"vm_mode": "hvm"}


def quiet(_what: str, _fraction: float) -> None:
    pass


def iso(folder: pathlib.Path, name: str) -> str:
    """A file with the marks of an ISO image, whose content nobody reads."""
    content = bytearray(64 * 1024)
    content[32 * 1024 : 32 * 1024 + 7] = b"\x01CD001\x01"
    (folder / name).write_bytes(content)
    return str(folder / name)


@pytest.fixture
def make(host: Host, kernel: str, tmp_path: pathlib.Path) -> Callable[..., str]:
    def make(properties: dict[str, str] = HVM, **changes: Any) -> str:
        request = CreateRequest(
            name="web",
            image=iso(tmp_path, "install.iso"),
            image_format="iso",
            flavor=Flavor(vcpus=1, memory_mib=128, root_gib=1),
            kernel=kernel,
            properties=properties,
            **changes,
        )
        spawn(host, plan(host, build_instance(request)), quiet)
        return "web"

    return make


def media(fake: FakeHost) -> list[str | None]:
    """The media of now and of the next start of every CD drive."""
    found = []
    for root in (fake.guest("web").current, fake.guest("web").config):
        for drive in root.findall("devices/disk[@device='cdrom']"):
            source = drive.find("source")
            found.append(None if source is None else source.get("file"))
    return found


def test_a_medium_changes_and_goes(
    host: Host, fake: FakeHost, make: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    web = make()
    own, other = media(fake)[0], iso(tmp_path, "other.iso")
    assert own is not None
    change_cdrom(host, web, other)
    assert media(fake) == [other, other]
    change_cdrom(host, web, own)
    assert media(fake) == [own, own]
    change_cdrom(host, web, None)
    assert media(fake) == [None, None]
    with pytest.raises(exceptions.DeviceKept, match="QEMU dies of a medium"):
        change_cdrom(host, web, other)
    power.power_off(host, web, 0)
    change_cdrom(host, web, other)
    power.power_on(host, web)
    assert media(fake) == [other, other]


def test_the_config_drive_stays(
    host: Host, fake: FakeHost, make: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    web = make(config_drive=True)
    told = media(fake)[1]
    assert told is not None
    assert told.endswith("/disk.config")
    change_cdrom(host, web, None)
    assert media(fake) == [None, told, None, told]


def test_a_pv_guest_only_while_it_is_off(
    host: Host, fake: FakeHost, make: Callable[..., str]
) -> None:
    web = make({"vm_mode": "xen"})
    with pytest.raises(exceptions.DeviceKept, match="of a pv guest that runs"):
        change_cdrom(host, web, None)
    assert None not in media(fake)
    power.power_off(host, web, 0)
    change_cdrom(host, web, None)
    assert set(media(fake)) == {None}


@pytest.mark.parametrize(
    ("name", "words"), [("raw", "it is no ISO image"), ("nothing", "No such file")]
)
def test_what_is_no_medium(
    host: Host,
    fake: FakeHost,
    make: Callable[..., str],
    tmp_path: pathlib.Path,
    name: str,
    words: str,
) -> None:
    (tmp_path / "raw").write_bytes(bytes(64 * 1024))
    web = make()
    before = media(fake)
    with pytest.raises(exceptions.VolumeRefused, match=words):
        change_cdrom(host, web, str(tmp_path / name))
    assert media(fake) == before


def test_a_medium_that_is_written_to(
    host: Host, make: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    web, other = make(), iso(tmp_path, "other.iso")
    with (
        open(other, "r+b"),
        pytest.raises(exceptions.VolumeRefused, match="open for writing"),
    ):
        change_cdrom(host, web, other)


def test_a_lost_medium_is_noticed_before_a_start(
    host: Host, make: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    web, other = make(), iso(tmp_path, "other.iso")
    change_cdrom(host, web, other)
    power.power_off(host, web, 0)
    (tmp_path / "other.iso").unlink()
    with pytest.raises(exceptions.FileMissing, match=r"other\.iso"):
        power.power_on(host, web)


def test_a_failure_of_libvirt_leaves_the_medium(
    host: Host, fake: FakeHost, make: Callable[..., str], tmp_path: pathlib.Path
) -> None:
    web, other = make(), iso(tmp_path, "other.iso")
    before = media(fake)
    code = libvirt.VIR_ERR_INTERNAL_ERROR
    fake.fail_next("updateDeviceFlags", code, "internal error: failed to change media")
    with pytest.raises(exceptions.StepFailed, match="could not be given another med"):
        change_cdrom(host, web, other)
    assert media(fake) == before


def test_a_server_without_a_drive(host: Host, make_plan: Callable[..., Any]) -> None:
    spawn(host, make_plan(), quiet)
    with pytest.raises(exceptions.DeviceNotFound, match="has no CD drive whose medium"):
        change_cdrom(host, "web", None)
    assert get_server(host, "web").disks
