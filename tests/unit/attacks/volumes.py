# SPDX-License-Identifier: Apache-2.0
"""Attacks through volumes, which are files that others may put something else into."""

import pathlib

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.model import MIB, VolumeRequest
from unit.attacks.scene import SERVER, WORDS, Scene

OTHER = "db"


def volume(scene: Scene) -> pathlib.Path:
    """A volume that nothing is wrong with."""
    path = scene.folder / "volume"
    path.write_bytes(bytes(MIB))
    return path


def kept_device(scene: Scene) -> bytes:
    """The attachment is deleted, and the server keeps it by half in each way.

    Another's volume has its path then: given to another server it is refused for as
    long as the first has the path, and gone from that one when it is given.
    """
    for name in (SERVER, OTHER):
        scene.create(scene.request(scene.raw_image(), name=name))
    for left in (libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG):
        path = volume(scene)
        request = VolumeRequest(path=str(path))
        scene.driver.attach_volume(SERVER, request)
        both = libvirt.VIR_DOMAIN_AFFECT_LIVE | libvirt.VIR_DOMAIN_AFFECT_CONFIG
        scene.fake.connect().lookupByName(SERVER).detachDeviceFlags(
            "<disk type='file' device='disk'><target dev='xvdb' bus='xen'/></disk>",
            both & ~left,
        )
        path.unlink()
        path.write_bytes(WORDS.ljust(MIB, b"."))
        with pytest.raises(exceptions.VolumeRefused, match=f"server {SERVER} has it"):
            scene.driver.attach_volume(OTHER, request)
        scene.driver.detach_volume(SERVER, str(path))
        scene.driver.attach_volume(OTHER, request)
        scene.driver.reboot(SERVER, hard=True)
        assert path not in scene.disks()
        scene.driver.detach_volume(OTHER, str(path))
    return scene.guest_reads()
