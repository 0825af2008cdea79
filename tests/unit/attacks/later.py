# SPDX-License-Identifier: Apache-2.0
"""Attacks through what this program cannot do yet, and what it does instead."""

import pathlib

from nova_xen.domain import DiskType
from unit.attacks.missing import absent
from unit.attacks.scene import Scene


def volumes(scene: Scene) -> bytes:
    """Every disk is a file of the server's own folder."""
    absent("volume", "attach", "detach", "block_device")
    sizes = {"ephemeral_gib": 1, "swap_mib": 1}
    server = scene.create(scene.request(scene.raw_image(), config_drive=True, **sizes))
    disks = scene.document().devices.disks
    assert len(disks) == 4
    assert {disk.type for disk in disks} == {DiskType.FILE}
    folders = {pathlib.Path(str(disk.source)).resolve().parent for disk in disks}
    assert folders == {(scene.instances / server.uuid).resolve()}
    return b""
