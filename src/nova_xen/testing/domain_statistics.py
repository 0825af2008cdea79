# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""Counters, jobs and consoles of a fake guest."""

from __future__ import annotations

from typing import Any

import libvirt

from nova_xen.testing import errors, xmltext
from nova_xen.testing.calls import api
from nova_xen.testing.domain_base import DomainBase
from nova_xen.testing.errors import Origin
from nova_xen.testing.xmltext import Element

_JOB_FIELDS = 12
_BLOCK_NAMES = (
    "rd_bytes",
    "rd_operations",
    "wr_bytes",
    "wr_operations",
    "flush_operations",
    "errs",
)


class DomainStatistics(DomainBase):
    """The part of FakeDomain that counts."""

    @api()
    def memoryStats(self, flags: int = 0) -> dict[str, int]:
        """Return the memory a running guest has and may have, in KiB."""
        guest = self._guest()
        guest.check_active()
        return {"actual": guest.memory_kib, "available": guest.max_memory_kib}

    @api()
    def getCPUStats(self, total: bool, flags: int = 0) -> list[dict[str, int]]:
        """Return CPU times in ns: one for all, or one for each processor."""
        guest = self._guest()
        guest.check_active()
        count = 1 if total else int(guest.current.findtext("vcpu", "1"))
        return [{"cpu_time": guest.cpu_time // count} for _ in range(count)]

    @api()
    def interfaceStats(self, device: str) -> tuple[int, ...]:
        """Return eight counters of a network device, by its name or address."""
        guest = self._guest()
        guest.check_active()
        for nic in guest.current.findall("devices/interface"):
            mac, target = nic.find("mac"), nic.find("target")
            names = (
                None if mac is None else mac.get("address"),
                None if target is None else target.get("dev"),
            )
            if device in names:
                return guest.counters.get(names[0] or "", (0,) * 8)
        detail = f"'{device}' is not a known interface"
        raise errors.error(libvirt.VIR_ERR_INVALID_ARG, detail, Origin.DOMAIN)

    @api("blockStats")
    def blockStats(self, path: str) -> tuple[int, ...]:
        """Return counters of a disk of the driver phy; libxl has no others."""
        read, reads, written, writes, _, delayed = self._block_counters(path)
        return (reads, read, writes, written, delayed if path else -1)

    @api("blockStats")
    def blockStatsFlags(self, path: str, flags: int = 0) -> dict[str, int]:
        """Return counters of a disk of the driver phy; libxl has no others.

        Its errors are the requests that blkback had to delay.
        """
        found = self._block_counters(path)
        return dict(zip(_BLOCK_NAMES, found, strict=True))

    def _block_counters(self, path: str) -> tuple[int, ...]:
        """Return the sums of the disks that `path` names; of all when it is empty."""
        guest = self._guest()
        guest.check_active()
        disks = guest.current.findall("devices/disk")
        wanted = [disk for disk in disks if not path or path in _names(disk)]
        if path and not wanted:
            raise errors.operation_invalid(f"invalid path: {path}")
        for disk in wanted:
            driver = disk.find("driver")
            name = "qemu" if driver is None else driver.get("name", "qemu")
            if name != "phy":
                detail = f"unsupported disk driver {name}"
                code = libvirt.VIR_ERR_OPERATION_UNSUPPORTED
                raise errors.error(code, detail)
        targets = [xmltext.attribute(disk, "target", "dev") or "" for disk in wanted]
        none = (0,) * len(_BLOCK_NAMES)
        counted = [guest.counters.get(target, none) for target in targets]
        return tuple(map(sum, zip(none, *counted, strict=True)))

    @api()
    def jobInfo(self) -> list[int]:
        """Return twelve numbers; libxl fills the type and the time (ms) alone."""
        job = self._guest().job
        if job is None:
            return [0] * _JOB_FIELDS
        head = [libvirt.VIR_DOMAIN_JOB_UNBOUNDED, job.elapsed_ms]
        return head + [0] * (_JOB_FIELDS - len(head))

    @api()
    def jobStats(self, flags: int = 0) -> dict[str, int]:
        """Return the type of the running job and its time (ms), nothing else."""
        errors.check_flags(flags, 0, "libxlDomainGetJobStats")
        job = self._guest().job
        if job is None:
            return {"type": libvirt.VIR_DOMAIN_JOB_NONE}
        return {
            "type": libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
            "time_elapsed": job.elapsed_ms,
        }

    @api()
    def openConsole(self, device: str | None, stream: Any, flags: int = 0) -> int:
        """Accept a stream for a running guest's console; nothing comes over it."""
        known = libvirt.VIR_DOMAIN_CONSOLE_FORCE
        errors.check_flags(flags, known, "libxlDomainOpenConsole")
        guest = self._not_domain_0()
        guest.check_active()
        if guest.current.find("devices/console") is None or device is not None:
            detail = f"cannot find character device {device or '(null)'}"
            raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail)
        return 0


def _names(disk: Element) -> set[str | None]:
    target, source = disk.find("target"), disk.find("source")
    names = {None if target is None else target.get("dev")}
    if source is not None:
        names |= {source.get("file"), source.get("dev")}
    return names
