# SPDX-License-Identifier: Apache-2.0
"""Attacks of the table, made once more by volumes."""

import os
from collections.abc import Iterator

import pytest

from nova_xen import exceptions
from nova_xen.model import VolumeRequest
from unit.attacks.scene import SERVER, WORDS, Scene
from unit.attacks.volumes import OTHER, volume
from unit.attacks.watch import Watch


@pytest.fixture(autouse=True)
def _untouched(scene: Scene) -> Iterator[None]:
    before = scene.canary.read_bytes()
    with Watch(scene.canary.parent) as watch:
        yield
        assert watch.touched() == set()
    assert scene.canary.read_bytes() == before


def test_volumes_that_name_a_file_of_the_host_are_refused(scene: Scene) -> None:
    scene.create(scene.request(scene.raw_image()))
    before = scene.disks()
    for path in scene.hostile.values():
        for declared in (None, "qcow2", "vhd"):
            with pytest.raises(exceptions.VolumeRefused) as told:
                scene.give(path, declared)
            assert WORDS not in str(told.value).encode()
    assert scene.disks() == before


def test_one_that_is_declared_raw_is_raw(scene: Scene) -> None:
    """The guest may have what stands in the file itself, and nothing that it names."""
    scene.create(scene.request(scene.raw_image()))
    for path in scene.hostile.values():
        scene.give(path, "raw")
        assert ("qemu", "raw") in scene.formats()
        assert WORDS not in scene.guest_reads()
        scene.driver.detach_volume(SERVER, str(path))


def test_what_a_guest_writes_into_its_volume_stays_raw(scene: Scene) -> None:
    scene.under(images_type="raw").create(scene.request(scene.raw_image()))
    path = volume(scene)
    scene.give(path)
    scene.rewrite("backing", "backing")
    scene.driver.reboot(SERVER, hard=True)
    assert WORDS not in scene.guest_reads()
    scene.driver.detach_volume(SERVER, str(path))
    with pytest.raises(exceptions.VolumeRefused, match="overlay of another file"):
        scene.give(path)
    scene.give(path, "raw")
    assert {word for _driver, word in scene.formats()} == {"raw"}
    assert WORDS not in scene.guest_reads()


def test_a_link_is_known_for_what_it_leads_to(scene: Scene) -> None:
    """Of another server's disk, and of its volume."""
    for name in (SERVER, OTHER):
        scene.create(scene.request(scene.raw_image(), name=name))
    path, link = volume(scene), scene.folder / "link"
    scene.driver.attach_volume(OTHER, VolumeRequest(path=str(path)))
    (disk,) = scene.disks()
    for target in (path, disk):
        link.unlink(missing_ok=True)
        os.symlink(target, link)
        with pytest.raises(exceptions.VolumeRefused):
            scene.give(link)
