# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""What a fake connection tells of its host."""

from __future__ import annotations

from typing import Any

import libvirt

from nova_xen.testing import errors, xmltext
from nova_xen.testing.calls import api
from nova_xen.testing.connection_base import ConnectionBase
from nova_xen.testing.errors import Origin
from nova_xen.testing.streams import FakeStream

_MACHINES = ("xenpv", "xenpvh", "xenfv")
_MHZ = 2596


class ConnectionHost(ConnectionBase):
    """The part of FakeConnection that describes the host."""

    @api()
    def newStream(self, flags: int = 0) -> FakeStream:
        """Return a stream for openConsole()."""
        return FakeStream()

    @api()
    def getType(self) -> str:
        """Return libvirt's name of the driver."""
        return "Xen"

    @api()
    def getVersion(self) -> int:
        """Return the version of Xen as one number."""
        return self._host.versions["hypervisor"]

    @api()
    def getLibVersion(self) -> int:
        """Return the version of the daemon as one number."""
        return self._host.versions["libvirt"]

    @api()
    def getHostname(self) -> str:
        """Return the host's name."""
        return self._host.hostname

    @api()
    def getURI(self) -> str:
        """Return the URI this connection was opened with."""
        return self._uri

    @api()
    def getInfo(self) -> list[Any]:
        """Return [arch, MiB, cpus, MHz, nodes, sockets, cores, threads]."""
        cpus = self._host.cpus
        return ["x86_64", self._host.memory_mib, cpus, _MHZ, 1, 1, cpus, 1]

    @api()
    def getFreeMemory(self) -> int:
        """Return the memory no domain has, in bytes."""
        return self._host.free_kib * 1024

    @api()
    def getCellsFreeMemory(self, start: int, count: int) -> list[int]:
        """Return the free bytes of each NUMA node."""
        return [self._host.free_kib * 1024]

    @api()
    def getMaxVcpus(self, kind: str | None = None) -> int:
        """Return the host's number of processors, whatever the kind."""
        return self._host.cpus

    @api()
    def getCapabilities(self) -> str:
        """Return the capabilities recorded on a real host."""
        return self._host.capabilities

    @api()
    def compareCPU(self, xml: str, flags: int = 0) -> int:
        """Compare a <cpu> with the host's, by its model; tests may set the answer."""
        known = libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE
        errors.check_flags(flags, known, "libxlConnectCompareCPU")
        given = xmltext.parse(xml)
        if self._host.cpu_comparison is not None:
            return self._host.cpu_comparison
        own = xmltext.parse(self._host.capabilities).findtext("host/cpu/model")
        same = given.findtext("model") == own
        return int(
            libvirt.VIR_CPU_COMPARE_IDENTICAL
            if same
            else libvirt.VIR_CPU_COMPARE_INCOMPATIBLE
        )

    @api()
    def baselineCPU(self, cpus: list[str], flags: int = 0) -> str:
        """Return the CPU of this host, with its model's features when asked.

        What the recorded model means was recorded; this fake knows no other.
        """
        expand = libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
        known = expand | libvirt.VIR_CONNECT_BASELINE_CPU_MIGRATABLE
        errors.check_flags(flags, known, "libxlConnectBaselineCPU")
        (given,) = map(xmltext.parse, cpus)
        recorded = xmltext.parse(xmltext.recording("baseline-cpu.xml"))
        model = given.findtext("model")
        if model != recorded.findtext("model"):
            detail = f"Unknown CPU model {model}"
            raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail, Origin.CPU)
        if not flags & expand:
            for feature in recorded.findall("feature"):
                recorded.remove(feature)
            for feature in given.findall("feature"):
                feature.set("policy", "require")
                recorded.append(feature)
        return xmltext.to_text(recorded)

    @api()
    def getSysinfo(self, flags: int = 0) -> str:
        """Return what the host's firmware says of the machine."""
        return xmltext.recording("sysinfo.xml")

    @api()
    def getDomainCapabilities(
        self,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virttype: str | None = None,
        flags: int = 0,
    ) -> str:
        """Return what guests of one kind can have, as recorded."""
        code = libvirt.VIR_ERR_INVALID_ARG
        if virttype not in (None, "xen"):
            raise errors.error(code, f"unknown virttype: {virttype}")
        if arch not in (None, "x86_64", "i686"):
            raise errors.error(code, f"unknown architecture: {arch}")
        if machine not in (None, *_MACHINES):
            names = "'xenpv', 'xenpvh' and 'xenfv'"
            raise errors.error(code, f"Xen only supports {names} machines")
        kind = f"{arch or 'x86_64'}-{machine or 'xenpv'}"
        name = f"domcaps-xen-{kind}{'' if emulator else '-noemu'}.xml"
        root = xmltext.parse(xmltext.recording(name))
        if emulator:
            xmltext.child(root, "path").text = emulator
        return xmltext.to_text(root)

    @api()
    def listAllDevices(self, flags: int = 0) -> list[FakeNodeDevice]:
        """Return the devices of the host a test gave it."""
        devices = self._host.pci_devices.items()
        return [FakeNodeDevice(name, xml) for name, xml in devices]

    @api()
    def nodeDeviceLookupByName(self, name: str) -> FakeNodeDevice:
        """Return one device of the host."""
        if name not in self._host.pci_devices:
            detail = f"no node device with matching name '{name}'"
            code = libvirt.VIR_ERR_NO_NODE_DEVICE
            raise errors.error(code, detail, Origin.NODE_DEVICE)
        return FakeNodeDevice(name, self._host.pci_devices[name])


class FakeNodeDevice:
    """Stands where libvirt.virNodeDevice stands."""

    def __init__(self, name: str, xml: str) -> None:
        self._name = name
        self._xml = xml

    def name(self) -> str:
        """Return the device's name, such as pci_0000_03_00_0."""
        return self._name

    def XMLDesc(self, flags: int = 0) -> str:
        """Return the device's description."""
        return self._xml
