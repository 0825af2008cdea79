# SPDX-License-Identifier: Apache-2.0
"""Each attack of the table finds nothing of the host, and leaves it as it was."""

import pytest

from nova_xen.model import MIB
from unit.attacks.scene import WORDS, Scene, qemu_img
from unit.attacks.table import ROWS, Row
from unit.attacks.watch import Watch
from unit.attacks.writing import NEW, Machine


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.cve)
def test_the_attack_finds_nothing(row: Row, scene: Scene) -> None:
    before = scene.canary.read_bytes()
    with Watch(scene.canary.parent) as watch:
        found = row.attack(scene)
        assert watch.touched() == set()
    assert WORDS not in found
    assert scene.canary.read_bytes() == before


@pytest.fixture
def raw_disk(scene: Scene) -> Scene:
    """A host on which a guest may write a header onto its raw disk."""
    host = scene.under(images_type="raw")
    host.create(host.request(host.raw_image()))
    return host


@pytest.mark.parametrize("header", ["backing", "mapped"])
def test_what_guesses_the_format_of_a_disk_gives_the_words_away(
    raw_disk: Scene, header: str
) -> None:
    """And it is seen to do so."""
    raw_disk.rewrite(header)
    (disk,) = raw_disk.disks()
    out = raw_disk.folder / "leak"
    with Watch(raw_disk.canary.parent) as watch:
        qemu_img("convert", "-O", "raw", disk, out)
        assert watch.touched() == {raw_disk.canary.name}
    assert WORDS in out.read_bytes()


def test_what_guesses_the_format_of_a_disk_destroys_the_file(raw_disk: Scene) -> None:
    raw_disk.rewrite("mapped")
    (disk,) = raw_disk.disks()
    qemu_img("resize", "-q", disk, 2 * MIB)
    assert raw_disk.canary.stat().st_size == 2 * MIB


def test_what_follows_links_writes_where_they_lead(scene: Scene) -> None:
    machine = Machine()
    machine.link("/etc/motd", str(scene.canary))
    machine.write("/etc/motd", NEW)
    assert machine.nodes[str(scene.canary)].content == NEW
