# SPDX-License-Identifier: Apache-2.0
"""Partition tables of the old kind (MBR), in the 66 bytes before offset 512."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

OFFSET = 446
LINUX, EFI_SYSTEM = 0x83, 0xEF


@dataclass(frozen=True)
class Partition:
    """A primary partition; ``start`` and ``sectors`` count 512 bytes."""

    start: int
    sectors: int
    kind: int
    bootable: bool = False


def table(partitions: Sequence[Partition]) -> bytes:
    """The bytes at OFFSET of the disk: four entries and the signature."""
    if len(partitions) > 4:
        raise ValueError("an MBR holds four primary partitions")
    entries = b"".join(map(_entry, partitions))
    return entries.ljust(64, b"\0") + b"\x55\xaa"


def _entry(partition: Partition) -> bytes:
    # cylinder, head and sector say "too large": every reader uses the LBA fields
    beyond = b"\xfe\xff\xff"
    flag = 0x80 if partition.bootable else 0
    kind, place = bytes([partition.kind]), (partition.start, partition.sectors)
    return bytes([flag]) + beyond + kind + beyond + struct.pack("<II", *place)
