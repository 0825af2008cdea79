# SPDX-License-Identifier: Apache-2.0
"""What can be counted on Xen, and what cannot."""

from typing import Any

import libvirt
import pytest

from contract import documents
from contract.refusals import DOMAIN, LIBXL, refused
from contract.tiers.base import Tier

INVALID = libvirt.VIR_ERR_OPERATION_INVALID
#: what libxl lets a guest have above its memory (LIBXL_MAXMEM_CONSTANT)
SLACK_KIB = 1024


def test_cpu_time_of_all(idle: Any) -> None:
    [total] = idle.getCPUStats(True)
    assert set(total) == {"cpu_time"}


def test_cpu_time_of_each_vcpu_online_or_not(idle: Any) -> None:
    assert [set(each) for each in idle.getCPUStats(False)] == [{"cpu_time"}] * 2


def test_info_of_a_running_guest(idle: Any) -> None:
    """Memory in KiB, the vCPUs that are online, the time of all."""
    state, most, memory, vcpus, cpu_time = idle.info()
    assert (state, vcpus) == (libvirt.VIR_DOMAIN_RUNNING, 1)
    assert most == 128 * 1024
    assert 0 < memory <= most + SLACK_KIB
    assert cpu_time >= 0


def test_info_of_a_stopped_guest(defined: Any) -> None:
    assert defined.info() == [
        *(libvirt.VIR_DOMAIN_SHUTOFF, 128 * 1024, 128 * 1024, 1, 0)
    ]


def test_domain_0_has_memory_too(xen: Tier) -> None:
    memory = xen.connection.lookupByID(0).info()[2] * 1024
    total = xen.connection.getInfo()[1] * 1024**2
    assert 0 < memory <= total - xen.connection.getFreeMemory()


def test_memory(idle: Any) -> None:
    assert set(idle.memoryStats()) == {"actual", "available"}


@pytest.mark.parametrize("call", [("memoryStats",), ("getCPUStats", True)])
def test_a_stopped_guest_has_none(defined: Any, call: tuple[Any, ...]) -> None:
    name, *arguments = call
    with refused(INVALID, DOMAIN, "domain is not running"):
        getattr(defined, name)(*arguments)


def test_disks_of_qemu_are_not_counted(xen: Tier) -> None:
    disk = documents.disk(xen.image)
    domain = xen.connection.createXML(documents.guest(xen, devices=disk))
    words = "unsupported disk driver qemu"
    with refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, LIBXL, words):
        domain.blockStats("xvda")


def test_disks_of_blkback_are_counted(xen: Tier) -> None:
    if xen.name == "libxl":
        pytest.skip("libvirt reads /sys, where a simulated Xen has no back ends")
    disk = documents.disk(xen.image, driver="phy")
    domain = xen.connection.createXML(documents.guest(xen, devices=disk))
    assert set(domain.blockStatsFlags("xvda")) == {
        *("rd_bytes", "rd_operations", "wr_bytes", "wr_operations"),
        *("flush_operations", "errs"),
    }


def test_disks_that_are_not_there(idle: Any) -> None:
    with refused(INVALID, LIBXL, "invalid path: xvdz"):
        idle.blockStats("xvdz")


def test_nics_are_counted_by_address_or_name(xen: Tier) -> None:
    if xen.name == "libxl":
        pytest.skip("libvirt reads /proc/net/dev, where a simulated Xen has no vif")
    nic = documents.nic(xen.bridge)
    domain = xen.connection.createXML(documents.guest(xen, devices=nic))
    for name in (documents.MAC, f"vif{domain.ID()}.0"):
        assert len(domain.interfaceStats(name)) == 8


def test_nics_that_are_not_there(idle: Any) -> None:
    with refused(libvirt.VIR_ERR_INVALID_ARG, DOMAIN):
        idle.interfaceStats("vif99.9")


def test_no_job(idle: Any) -> None:
    assert idle.jobInfo() == [0] * 12
    assert idle.jobStats() == {"type": libvirt.VIR_DOMAIN_JOB_NONE}


def test_completed_jobs_are_not_told(idle: Any) -> None:
    words = "unsupported flags (0x1) in function libxlDomainGetJobStats"
    with refused(libvirt.VIR_ERR_INVALID_ARG, LIBXL, words):
        idle.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)


@pytest.mark.parametrize("source", [1, 2], ids=["agent", "arp"])
def test_addresses_come_from_leases_alone(idle: Any, source: int) -> None:
    code = libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED
    with refused(code, LIBXL, f"Unsupported IP address data source {source}"):
        idle.interfaceAddresses(source)


def test_a_console_opens(xen: Tier) -> None:
    # of a guest as young as its libvirtd: simulated consoles end with theirs
    domain = xen.connection.createXML(documents.guest(xen))
    stream = xen.connection.newStream()
    assert domain.openConsole(None, stream, 0) == 0
    stream.abort()


def test_a_console_of_a_stopped_guest(xen: Tier, defined: Any) -> None:
    stream = xen.connection.newStream()
    with refused(INVALID, DOMAIN, "domain is not running"):
        defined.openConsole(None, stream, 0)
