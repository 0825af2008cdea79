# SPDX-License-Identifier: Apache-2.0
"""``<os>``, ``<features>``, ``<clock>``, ``<cputune>``: the machine itself."""

import enum

from nova_xen.domain.xml import Element, element, flag, value, values


class OsType(enum.StrEnum):
    """The text of ``<type>``; PV is written ``xen`` and read back as ``linux``."""

    XEN = "xen"
    LINUX = "linux"
    HVM = "hvm"
    XENPVH = "xenpvh"


class BootDevice(enum.StrEnum):
    """A device class of the boot order of HVM's firmware."""

    DISK = "hd"
    CDROM = "cdrom"
    NETWORK = "network"


@element("os")
class Os(Element):
    """How the guest boots."""

    type: OsType = value("type")
    arch: str | None = value("type/@arch", default=None)
    machine: str | None = value("type/@machine", default=None)
    loader: str | None = value("loader", default=None)
    loader_readonly: bool | None = value("loader/@readonly", default=None)
    loader_type: str | None = value("loader/@type", default=None)
    kernel: str | None = value("kernel", default=None)
    initrd: str | None = value("initrd", default=None)
    cmdline: str | None = value("cmdline", default=None)
    boot: tuple[BootDevice, ...] = values("boot/@dev", default=())


@element("features")
class Features(Element):
    """What the virtual machine has; presence switches each on."""

    pae: bool = flag("pae", default=False)
    acpi: bool = flag("acpi", default=False)
    apic: bool = flag("apic", default=False)


@element("vcpupin")
class VcpuPin(Element):
    """The host CPUs that one vCPU may run on, as a list such as ``2-7,^4``.

    libxl reads these alone; ``<vcpu cpuset>`` never reaches it (seen in its own
    configuration, libvirt 9.0.0).
    """

    vcpu: int = value("@vcpu")
    cpuset: str = value("@cpuset")


@element("clock")
class Clock(Element):
    """``utc`` or ``localtime``."""

    offset: str = value("@offset", default="utc")


@element("memballoon")
class Memballoon(Element):
    """The balloon; libxl knows the model ``xen`` alone."""

    model: str = value("@model", default="xen")
