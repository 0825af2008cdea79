# SPDX-License-Identifier: Apache-2.0
"""What planning gives: the document, the files to make, and why each is so."""

import dataclasses
import enum
from collections.abc import Mapping

from nova_xen.domain import Domain
from nova_xen.model.guest import DiskFormat, DiskKind, GuestMode, VhdSubformat
from nova_xen.model.request import Instance


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why an element is as it is: ``element`` by path, ``choice`` its value."""

    element: str
    choice: str
    why: str
    warning: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiskPlan:
    """A disk file to make; ``size`` in bytes.

    ``base`` is the image it is made from (None: empty) and ``overlay`` says whether
    the file is a qcow2 overlay of the cached base instead of a copy. The base is kept
    as ``cache_format``. ``preallocate`` takes all space at once.
    """

    kind: DiskKind
    path: str
    format: DiskFormat
    size: int
    base: str | None = None
    base_format: DiskFormat | None = None
    overlay: bool = False
    cache_format: DiskFormat = DiskFormat.RAW
    preallocate: bool = False
    vhd_subformat: VhdSubformat = VhdSubformat.DYNAMIC


@dataclasses.dataclass(frozen=True, kw_only=True)
class FilePlan:
    """A file of the host to copy into the instance's folder."""

    source: str
    path: str


class ConfigDriveFormat(enum.StrEnum):
    """File system of a config drive."""

    ISO9660 = "iso9660"
    VFAT = "vfat"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfigDrivePlan:
    """A config drive to make at ``path``; its content follows from the instance.

    ``devices`` are the server's disks by the names that Linux gives them.
    """

    path: str
    format: ConfigDriveFormat
    devices: Mapping[DiskKind, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class InjectionPlan:
    """What libguestfs is to do on the root disk before the guest's first boot.

    ``partition`` by Nova's numbers: -1 has libguestfs look for the system, 0 is a disk
    without partitions, N the N-th. The rest comes from the instance's setup and NICs.
    """

    path: str
    format: DiskFormat
    partition: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """All that is to be done for a server, decided before anything is touched.

    ``cap`` is the credit scheduler's, in percent of one CPU, which libxl takes only
    from a running guest.
    """

    instance: Instance
    mode: GuestMode
    domain: Domain
    folder: str
    disks: tuple[DiskPlan, ...]
    files: tuple[FilePlan, ...]
    reasons: tuple[Reason, ...]
    cap: int | None = None
    config_drive: ConfigDrivePlan | None = None
    injection: InjectionPlan | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know although it was granted."""
        return tuple(r.why for r in self.reasons if r.warning)
