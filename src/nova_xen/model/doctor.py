# SPDX-License-Identifier: Apache-2.0
"""What an examination of the host finds, and the facts that it is decided by.

One command needs them, so they are no part of what ``nova_xen.model`` imports.
"""

import dataclasses
import enum
from collections.abc import Mapping

from nova_xen.model.certificates import PkiFacts
from nova_xen.model.guest import DiskFormat, GuestMode
from nova_xen.model.host import BootFiles, BridgeFacts, HostFacts


class Severity(enum.StrEnum):
    """How much a finding matters."""

    OK = "ok"
    #: all works, and an operator should know
    ADVICE = "advice"
    #: something that is asked of this host will fail
    PROBLEM = "problem"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one check found; ``fix`` is a sentence that says what to do, '' if none."""

    check: str
    severity: Severity
    sentence: str
    fix: str = ""


class Reach(enum.Enum):
    """How far a call of libvirt came."""

    ANSWERED = enum.auto()
    NO_XEN = enum.auto()
    NOT_PERMITTED = enum.auto()
    UNAVAILABLE = enum.auto()
    FAILED = enum.auto()


@dataclasses.dataclass(frozen=True, kw_only=True)
class LibvirtFacts:
    """``host`` is None where libvirt did not answer, ``why`` then says why not."""

    uri: str
    uid: int
    reach: Reach = Reach.ANSWERED
    host: HostFacts | None = None
    why: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class XenFacts:
    """The lines of ``xl info``; None where xl cannot be used, ``why`` says why not.

    ``libvirt_tells`` is Xen's version by libvirt, which knows no patch level.
    """

    info: Mapping[str, str] | None = None
    why: str = ""
    libvirt_tells: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dom0Facts:
    """Domain-0's share of the host, None where it is not known; memory in MiB.

    ``fixed`` is libvirt's and xl's own reading of ``commandline``, Xen's; ``in_xl`` and
    ``in_libvirt`` are what their files ``xl_conf`` and ``libxl_conf`` say of
    autoballoon, and ``unreadable`` names those that cannot be read.
    """

    xl_conf: str
    libxl_conf: str
    commandline: str | None = None
    fixed: bool = False
    memory_mib: int | None = None
    host_mib: int | None = None
    cpus: int | None = None
    host_cpus: int | None = None
    in_xl: str | None = None
    in_libvirt: bool | None = None
    unreadable: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuestTypeFacts:
    """Guest types by libvirt, virt_caps by xl; None where not known."""

    modes: frozenset[GuestMode] | None = None
    virt_caps: tuple[str, ...] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class BootFileFacts:
    """``looked`` has the places of each file of ``files``.

    ``named`` are the files whose place an option names; ``modes`` None is not known.
    """

    files: BootFiles
    looked: Mapping[str, tuple[str, ...]]
    named: frozenset[str] = frozenset()
    modes: frozenset[GuestMode] | None = None
    pv_bootloader: str = "pvgrub"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceModelFacts:
    """The QEMU behind guests' disks; ``unknown`` has why a format was not asked."""

    looked: tuple[str, ...]
    program: str | None = None
    lacking: tuple[DiskFormat, ...] = ()
    unknown: Mapping[DiskFormat, str] = dataclasses.field(default_factory=dict)
    option: bool = False


@dataclasses.dataclass(frozen=True)
class Program:
    """A program that is run here: Debian's package of it, and what fails without."""

    name: str
    package: str
    without: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProgramFacts:
    """Programs asked for, and the path of each that was found."""

    programs: tuple[Program, ...]
    found: Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class KernelFacts:
    """A kernel that libguestfs's appliance could use."""

    path: str
    readable: bool
    modules: bool


class GuestfsModule(enum.Enum):
    """Whether this Python finds libguestfs's binding."""

    FOUND = enum.auto()
    MISSING = enum.auto()
    #: made for another version of Python
    ANOTHER = enum.auto()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ApplianceFacts:
    """What libguestfs needs here; ``partition`` is the option inject_partition.

    ``free`` in bytes where the appliance is kept, None where it is built already or
    nothing is known; ``python`` is this Python's version.
    """

    partition: int
    module: GuestfsModule = GuestfsModule.FOUND
    python: str = ""
    boot: str = "/boot"
    kernels: tuple[KernelFacts, ...] = ()
    supermin: bool = True
    emulator: str = ""
    emulates: bool = True
    cache: str = ""
    #: others than this user may write there
    cache_open: bool = False
    free: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConsoleFacts:
    """xenconsoled: whether it runs, where it logs guests, whether that is there."""

    running: bool
    folder: str | None = None
    exists: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScriptFacts:
    """A hotplug script; ``why`` says who wants it."""

    path: str
    why: str
    exists: bool
    executable: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """Bridges of the host and the scripts that put guests upon them."""

    bridges: Mapping[str, BridgeFacts]
    scripts: tuple[ScriptFacts, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransportFacts:
    """How servers leave this host and arrive.

    ``uri`` is a URI of libvirt with HOST in the place of the address, '' where the
    options make none and ``why`` says why; ``programs`` are those that are started,
    ``listening`` the ports of this host on which somebody does, None if not known.
    ``settings`` are lines of ``libxl_conf`` about ports, which libvirt passes over.
    """

    uri: str
    libxl_conf: str
    why: str = ""
    programs: ProgramFacts
    listening: frozenset[int] | None = None
    settings: tuple[str, ...] = ()
    pki: PkiFacts | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MountFacts:
    """A mounted file system by /proc/self/mountinfo."""

    point: str
    source: str
    kind: str
    options: frozenset[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FolderFacts:
    """A folder named by an option, there or to be made; sizes in bytes.

    ``nearest`` is the folder itself, or what is there of the way to it.
    """

    option: str
    path: str
    nearest: str
    folder: bool = True
    writable: bool = True
    free: int | None = None
    mount: MountFacts | None = None

    @property
    def exists(self) -> bool:
        """Whether it is there already."""
        return self.nearest == self.path


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClockFacts:
    """Whether the kernel takes the clock for synchronised; None: ``why`` not known."""

    synchronised: bool | None
    why: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeftoverFacts:
    """What dead processes left: servers in mid-migration, others half made.

    ``unreadable`` are sentences about journals that cannot be read.
    """

    migrations: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
