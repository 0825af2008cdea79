# SPDX-License-Identifier: Apache-2.0
"""Which driver and which word libxl takes for a format."""

from nova_xen.domain import DiskType
from nova_xen.model import DiskFormat


def disk_driver(source: DiskType, disk_format: DiskFormat) -> tuple[str, str]:
    """``<driver name type>`` for a disk.

    Probed on Xen 4.17: qemu serves raw, qcow2 and vhd (the word vpc is refused); phy
    serves raw block devices in the kernel, which is quicker.
    """
    if source is DiskType.BLOCK and disk_format is DiskFormat.RAW:
        return "phy", disk_format.value
    return "qemu", disk_format.value
