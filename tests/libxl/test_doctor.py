# SPDX-License-Identifier: Apache-2.0
"""The doctor over libvirtd's own libxl driver, and when that is gone."""

from __future__ import annotations

from pathlib import Path

from libxl.hosts import open_driver
from libxl.rig.daemon import Daemon
from nova_xen.driver import LibvirtDriver
from nova_xen.model.doctor import Severity


def told(driver: LibvirtDriver, check: str) -> list[tuple[Severity, str]]:
    findings = driver.examine_host()
    assert not [each for each in findings if "could not be checked" in each.sentence]
    return [(each.severity, each.sentence) for each in findings if each.check == check]


def test_a_libvirtd_that_runs_and_one_that_died(xen1: Daemon, tmp_path: Path) -> None:
    driver = open_driver(xen1.uri, tmp_path)
    ((severity, sentence),) = told(driver, "libvirt")
    assert severity is Severity.OK
    assert sentence.startswith(f"libvirt at {xen1.uri} is ")
    (types,) = told(driver, "guest-types")
    assert types == (Severity.OK, "This host runs PV, HVM and PVH guests.")
    driver.cleanup_host()
    xen1.kill()
    ((severity, sentence),) = told(driver, "libvirt")
    assert severity is Severity.PROBLEM
    assert sentence.startswith(f"libvirt at {xen1.uri} cannot be reached: ")
