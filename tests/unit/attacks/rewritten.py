# SPDX-License-Identifier: Apache-2.0
"""A guest makes its raw disk an overlay of a file of the host; who believes it?"""

import sys
from unittest import mock

import pytest

from nova_xen import exceptions
from nova_xen.images.tools import qemu_img
from nova_xen.injection.guest import appliance
from nova_xen.injection.guest.request import Request
from nova_xen.model import MIB, DiskFormat, GuestSetup, Server
from unit.attacks.missing import absent, callers
from unit.attacks.scene import SERVER, Scene
from unit.images.sums import finish_sums

RAW = {("qemu", "raw")}


def format_when_started_again(scene: Scene) -> bytes:
    host = scene.under(images_type="raw")
    host.create(host.request(host.raw_image()))
    host.rewrite("backing")
    seen = b""
    for way in ("soft", "hard", "off and on"):
        _again(host, way)
        assert host.formats() == RAW
        seen += host.guest_reads()
    _libguestfs_is_told(host)
    return seen


def _again(host: Scene, way: str) -> None:
    if way == "off and on":
        host.driver.power_off(SERVER, timeout=0)
        host.driver.power_on(SERVER)
    else:
        host.driver.reboot(SERVER, hard=way == "hard")


def _libguestfs_is_told(host: Scene) -> None:
    """Nova opened the disk for injection without its format."""
    request = Request(
        path=str(host.disks()[0]),
        format=DiskFormat.RAW,
        partition=1,
        folder=str(host.folder),
        cache=str(host.folder),
        memory_mib=512,
        setup=GuestSetup(),
        nics=(),
    )
    guestfs = mock.MagicMock()
    handle = guestfs.GuestFS.return_value
    handle.get_hv.return_value = sys.executable
    with mock.patch.object(appliance, "import_guestfs", return_value=guestfs):
        appliance.start(request, lambda what: None)
    (drive,) = handle.add_drive_opts.call_args_list
    assert drive.args == (request.path,)
    assert drive.kwargs["format"] == "raw"


def with_all_disks(scene: Scene) -> tuple[Scene, Server]:
    """A server with a raw disk of each kind, all of them rewritten, and its host.

    Its operator has set what the attacks on Nova needed.
    """
    host = scene.under(use_cow_images=False)
    request = host.request(host.raw_image(), ephemeral_gib=1, swap_mib=1)
    server = host.create(request)
    host.rewrite("backing", "mapped", "v2")
    return host, server


def rescue(scene: Scene) -> bytes:
    absent("rescue")
    host, _server = with_all_disks(scene)
    _again(host, "hard")
    assert host.formats() == RAW
    return host.guest_reads()


def snapshot(scene: Scene) -> bytes:
    """What reads a server's disk today is not led elsewhere by it."""
    absent("snapshot", "backup")
    host, _server = with_all_disks(scene)
    image = scene.folder / "other"
    qemu_img.create(str(image), DiskFormat.QCOW2, MIB, server="other")
    overlays = scene.under(images_type="qcow2")
    other = overlays.create(overlays.request(image, name="other"))
    (base,) = host.driver.list_image_cache()
    assert base.users == (other.uuid,)
    assert [each.damaged for each in host.driver.scrub_image_cache()] == [False]
    assert host.driver.prune_image_cache(everything=True) == ()
    host.driver.destroy("other")
    finish_sums()
    (gone,) = host.driver.prune_image_cache(everything=True)
    assert gone.image.path == base.path
    return _taken_for_an_image(host)


def _taken_for_an_image(host: Scene) -> bytes:
    """As a person would copy a server by hand."""
    said = b""
    for path in host.disks():
        for declared in (None, *DiskFormat):
            with pytest.raises(exceptions.ImageRejected) as told:
                host.create(host.request(path, name="copy", image_format=declared))
            said += str(told.value).encode()
    return said


def growth(scene: Scene) -> bytes:
    """The header has its data in the canary, which would grow instead."""
    absent("resize", "extend", "grow")
    assert callers("resize") == set()
    host = scene.under(use_cow_images=False)
    host.create(host.request(host.raw_image()))
    host.rewrite("mapped")
    (disk,) = host.disks()
    before = disk.read_bytes()
    qemu_img.resize(str(disk), DiskFormat.RAW, len(before) + MIB, server=SERVER)
    assert disk.read_bytes() == before + bytes(MIB)
    # a disk gets another size than its image has when it is made, and only then
    larger = host.request(disk, name="copy", image_format="raw", root_gib=1)
    with pytest.raises(exceptions.ImageRejected) as told:
        host.create(larger)
    return str(told.value).encode()
