# SPDX-License-Identifier: Apache-2.0
"""``<disk>``: https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms"""

import enum

from nova_xen.domain.xml import Element, element, flag, value


class DiskType(enum.StrEnum):
    """What the source is: a file or a block device of the host."""

    FILE = "file"
    BLOCK = "block"


class DiskDevice(enum.StrEnum):
    """What the guest sees."""

    DISK = "disk"
    CDROM = "cdrom"


@element("disk")
class Disk(Element):
    """A disk; ``driver_type`` is libxl's word for the format (``vhd``, never vpc)."""

    type: DiskType = value("@type")
    device: DiskDevice = value("@device")
    driver_name: str | None = value("driver/@name", default=None)
    driver_type: str | None = value("driver/@type", default=None)
    source_file: str | None = value("source/@file", default=None)
    source_dev: str | None = value("source/@dev", default=None)
    target_dev: str = value("target/@dev")
    target_bus: str = value("target/@bus")
    readonly: bool = flag("readonly", default=False)

    @property
    def source(self) -> str | None:
        """The path on the host, of a file or a block device alike."""
        return self.source_file if self.type is DiskType.FILE else self.source_dev
