# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""Memory, processors and the scheduler of a fake guest."""

from __future__ import annotations

from typing import Any

import libvirt

from nova_xen.testing import errors, xmltext
from nova_xen.testing.calls import api
from nova_xen.testing.domain_base import DomainBase
from nova_xen.testing.errors import Origin
from nova_xen.testing.guest import Guest
from nova_xen.testing.xmltext import Element

_LIVE, _CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
_MEMORY_MAXIMUM = libvirt.VIR_DOMAIN_MEM_MAXIMUM
_VCPU_MAXIMUM = libvirt.VIR_DOMAIN_VCPU_MAXIMUM


class DomainTuning(DomainBase):
    """The part of FakeDomain that sizes a guest."""

    @api("setMemory")
    def setMemory(self, kib: int) -> int:
        """Balloon the running guest (KiB)."""
        return self._set_memory(kib, _LIVE)

    @api("setMemory")
    def setMemoryFlags(self, kib: int, flags: int = 0) -> int:
        """Set memory, or with MAXIMUM its limit, now or for the next start (KiB)."""
        return self._set_memory(kib, flags)

    @api("setMemory")
    def setMaxMemory(self, kib: int) -> int:
        """Set the limit of memory (KiB)."""
        return self._set_memory(kib, _MEMORY_MAXIMUM)

    def _set_memory(self, kib: int, flags: int) -> int:
        known = _LIVE | _CONFIG | _MEMORY_MAXIMUM
        errors.check_flags(flags, known, "libxlDomainSetMemoryFlags")
        guest = self._wait_for_job(self._guest())
        impact = guest.impact(flags)
        if flags & _MEMORY_MAXIMUM:
            # libxl takes a live limit and libvirt does not write it down.
            if impact & _CONFIG:
                _set_maximum(guest.config, kib)
            return 0
        if kib > guest.max_memory_kib:
            detail = "cannot set memory higher than max memory"
            raise errors.error(libvirt.VIR_ERR_INVALID_ARG, detail)
        if impact & _LIVE:
            guest.memory_kib = kib
            _set_kib(guest.current, "currentMemory", kib)
        if impact & _CONFIG:
            _set_kib(guest.config, "currentMemory", kib)
        return 0

    @api("setVcpus")
    def setVcpus(self, count: int) -> int:
        """Set the processors of the running guest."""
        return self._set_vcpus(count, _LIVE)

    @api("setVcpus")
    def setVcpusFlags(self, count: int, flags: int = 0) -> int:
        """Set processors, or with MAXIMUM their limit, now or for the next start."""
        return self._set_vcpus(count, flags)

    def _set_vcpus(self, count: int, flags: int) -> int:
        known = _LIVE | _CONFIG | _VCPU_MAXIMUM
        errors.check_flags(flags, known, "libxlDomainSetVcpusFlags")
        if flags & _VCPU_MAXIMUM and not flags & _CONFIG:
            raise errors.raw_error(
                libvirt.VIR_ERR_INVALID_ARG,
                "Flag 'VIR_DOMAIN_AFFECT_CONFIG' is required by flag "
                "'VIR_DOMAIN_VCPU_MAXIMUM'",
                Origin.DOMAIN,
            )
        if not flags & (_LIVE | _CONFIG) or not (_LIVE | _VCPU_MAXIMUM) & ~flags:
            detail = f"invalid flag combination: ({flags:#x})"
            raise errors.error(libvirt.VIR_ERR_INVALID_ARG, detail)
        if count == 0:
            raise errors.error(libvirt.VIR_ERR_INVALID_ARG, "nvcpus is zero")
        guest = self._wait_for_job(self._guest())
        self._check_vcpus(guest, count, flags)
        if flags & _VCPU_MAXIMUM:
            xmltext.child(guest.config, "vcpu").text = str(count)
            return 0
        if flags & _LIVE:
            _set_online(guest.current, count)
        if flags & _CONFIG:
            _set_online(guest.config, count)
        return 0

    def _check_vcpus(self, guest: Guest, count: int, flags: int) -> None:
        if flags & _LIVE and not guest.active:
            detail = "cannot set vcpus on an inactive domain"
            raise errors.operation_invalid(detail)
        if flags & _CONFIG and not guest.persistent:
            detail = "cannot change persistent config of a transient domain"
            raise errors.operation_invalid(detail)
        most = self._host.cpus
        if not flags & _VCPU_MAXIMUM:
            most = min(most, int(guest.current.findtext("vcpu", "1")))
        if count > most:
            detail = (
                "requested vcpus is greater than max allowable vcpus for the domain: "
                f"{count} > {most}"
            )
            raise errors.error(libvirt.VIR_ERR_INVALID_ARG, detail)

    @api()
    def vcpusFlags(self, flags: int = 0) -> int:
        """Return the number of processors, now or for the next start."""
        errors.check_flags(
            flags, _LIVE | _CONFIG | _VCPU_MAXIMUM, "libxlDomainGetVcpusFlags"
        )
        guest = self._guest()
        if not flags & (_LIVE | _CONFIG):
            flags |= _LIVE if guest.active else _CONFIG
        if flags & _LIVE and not guest.active:
            raise errors.operation_invalid("Domain is not running")
        if flags & _CONFIG and not guest.persistent:
            raise errors.operation_invalid("domain is transient")
        root = guest.current if flags & _LIVE else guest.config
        vcpu = xmltext.child(root, "vcpu")
        total = vcpu.text or "1"
        return int(total if flags & _VCPU_MAXIMUM else vcpu.get("current", total))

    @api()
    def maxVcpus(self) -> int:
        """Return the most processors the running guest may have."""
        guest = self._guest()
        if not guest.active:
            raise errors.operation_invalid("Domain is not running")
        return int(guest.current.findtext("vcpu", "1"))

    @api()
    def schedulerType(self) -> tuple[str, int]:
        """Return the scheduler's name and how many settings it has."""
        self._guest().check_active()
        return ("credit2", 2)

    @api("schedulerParameters")
    def schedulerParameters(self) -> dict[str, int]:
        """Return the running guest's weight and cap."""
        return self._scheduler_parameters(0)

    @api("schedulerParameters")
    def schedulerParametersFlags(self, flags: int = 0) -> dict[str, int]:
        """Return the running guest's weight and cap; libxl knows no flags."""
        return self._scheduler_parameters(flags)

    def _scheduler_parameters(self, flags: int) -> dict[str, int]:
        name = "libxlDomainGetSchedulerParametersFlags"
        errors.check_flags(flags, 0, name)
        guest = self._guest()
        guest.check_active()
        return {"weight": guest.weight, "cap": guest.cap}

    @api("setSchedulerParameters")
    def setSchedulerParameters(self, parameters: dict[str, Any]) -> int:
        """Set the running guest's weight and cap."""
        return self._set_scheduler_parameters(parameters, 0)

    @api("setSchedulerParameters")
    def setSchedulerParametersFlags(
        self, parameters: dict[str, Any], flags: int = 0
    ) -> int:
        """Set the running guest's weight and cap; libxl knows no flags."""
        return self._set_scheduler_parameters(parameters, flags)

    def _set_scheduler_parameters(self, parameters: dict[str, Any], flags: int) -> int:
        for name in parameters:
            # The binding itself refuses a name the driver does not list.
            if name not in ("weight", "cap"):
                raise LookupError(f'Attribute name "{name}" could not be recognized')
        # The binding reads the present values first, with the same flags.
        errors.check_flags(flags, 0, "libxlDomainGetSchedulerParametersFlags")
        guest = self._wait_for_job(self._guest())
        guest.check_active()
        guest.weight = int(parameters.get("weight", guest.weight))
        guest.cap = int(parameters.get("cap", guest.cap))
        return 0

    @api()
    def numaParameters(self, flags: int = 0) -> dict[str, Any]:
        """Return the only placement a host of one node has."""
        self._guest().check_active()
        return {"numa_mode": 2, "numa_nodeset": "0"}

    @api()
    def interfaceAddresses(self, source: int, flags: int = 0) -> dict[str, Any]:
        """Return no leases; libxl knows no other source."""
        self._guest().check_active()
        if source != libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE:
            detail = f"Unsupported IP address data source {source}"
            code = libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED
            raise errors.error(code, detail, Origin.LIBXL)
        return {}


def _set_kib(root: Element, tag: str, kib: int) -> None:
    xmltext.child(root, tag).text = str(kib)


def _set_maximum(root: Element, kib: int) -> None:
    _set_kib(root, "memory", kib)
    if (xmltext.kib(root.find("currentMemory")) or 0) > kib:
        _set_kib(root, "currentMemory", kib)


def _set_online(root: Element, count: int) -> None:
    vcpu = xmltext.child(root, "vcpu")
    vcpu.set("current", str(count))
    if vcpu.text == str(count):
        del vcpu.attrib["current"]
