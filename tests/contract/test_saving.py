# SPDX-License-Identifier: Apache-2.0
"""Guests whose memory is saved."""

from pathlib import Path
from typing import Any

import libvirt
import pytest

from contract import documents
from contract.recorder import Recorder
from contract.refusals import DOMAIN, LIBXL, NONE, refused
from contract.tiers.base import Tier

INVALID = libvirt.VIR_ERR_OPERATION_INVALID
STARTED = libvirt.VIR_DOMAIN_EVENT_STARTED
STOPPED = libvirt.VIR_DOMAIN_EVENT_STOPPED
RESTORED = (STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_RESTORED)
OFF = libvirt.VIR_DOMAIN_SHUTOFF
#: of the contract's guests
MEMORY_BYTES = 128 * 1024**2
SAVED = (STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_SAVED)


def test_managed_save(xen: Tier, running: Any, events: Recorder) -> None:
    xen.wait_booted(documents.NAME)
    running.managedSave()
    assert running.hasManagedSaveImage() == 1
    assert running.state() == [
        libvirt.VIR_DOMAIN_SHUTOFF,
        libvirt.VIR_DOMAIN_SHUTOFF_SAVED,
    ]
    assert events.wait_pairs(documents.NAME, 1) == [SAVED]


def test_the_next_start_takes_it_up(xen: Tier, running: Any, events: Recorder) -> None:
    xen.wait_booted(documents.NAME)
    running.managedSave()
    running.create()
    assert running.hasManagedSaveImage() == 0
    assert events.wait_pairs(documents.NAME, 2) == [SAVED, RESTORED]


def test_undefine_wants_to_be_told(xen: Tier, running: Any) -> None:
    xen.wait_booted(documents.NAME)
    running.managedSave()
    words = "Refusing to undefine while domain managed save image exists"
    with refused(INVALID, LIBXL, words):
        running.undefine()
    running.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)


def test_a_saved_memory_is_thrown_away(
    xen: Tier, running: Any, events: Recorder
) -> None:
    xen.wait_booted(documents.NAME)
    running.managedSave()
    running.managedSaveRemove()
    assert running.hasManagedSaveImage() == 0
    running.create()
    booted = (STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_BOOTED)
    assert events.wait_pairs(documents.NAME, 2) == [SAVED, booted]


def test_a_restore_that_fails_loses_the_memory(xen: Tier, running: Any) -> None:
    xen.wait_booted(documents.NAME)
    running.managedSave()
    xen.cut_saved_memory(documents.NAME)
    words = f"libxenlight failed to restore domain '{documents.NAME}'"
    with refused(libvirt.VIR_ERR_INTERNAL_ERROR, LIBXL, words):
        running.create()
    assert running.hasManagedSaveImage() == 0
    # the reason tells of memory that is not there any more
    assert running.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_SAVED]
    running.create()
    assert running.isActive() == 1


def test_the_reason_stays_when_the_memory_is_thrown_away(
    xen: Tier, running: Any
) -> None:
    xen.wait_booted(documents.NAME)
    running.managedSave()
    running.managedSaveRemove()
    assert running.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_SAVED]


def test_there_is_nothing_to_throw_away(defined: Any) -> None:
    words = "An error occurred, but the cause is unknown"
    with refused(libvirt.VIR_ERR_INTERNAL_ERROR, NONE, words):
        defined.managedSaveRemove()


def test_a_restored_guest_is_as_it_was_saved_and_its_definition_stays(
    xen: Tier, running: Any
) -> None:
    xen.wait_booted(documents.NAME)
    running.managedSave()
    xen.connection.defineXML(documents.guest(xen, memory_mib=160))
    running.create()
    assert running.maxMemory() == 128 * 1024
    running.destroy()
    assert running.maxMemory() == 160 * 1024


def test_it_is_restored_paused(xen: Tier, running: Any) -> None:
    xen.wait_booted(documents.NAME)
    running.managedSave()
    running.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    assert running.state()[0] == libvirt.VIR_DOMAIN_PAUSED
    running.resume()
    assert running.state()[0] == libvirt.VIR_DOMAIN_RUNNING


def test_saved_memory_is_known_after_a_restart_of_libvirtd(
    xen: Tier, running: Any
) -> None:
    xen.wait_booted(documents.NAME)
    running.managedSave()
    xen.restart_daemon()
    domain = xen.connection.lookupByName(documents.NAME)
    assert domain.hasManagedSaveImage() == 1
    assert domain.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN]


def test_a_save_that_fails_leaves_the_guest_asleep(xen: Tier, running: Any) -> None:
    """libvirt does not tell before it is restarted; a part of the image stays."""
    xen.fail_saving(documents.NAME)
    with refused(libvirt.VIR_ERR_INTERNAL_ERROR, LIBXL, "Failed to save domain"):
        running.managedSave()
    assert running.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    assert running.hasManagedSaveImage() == 0
    xen.restart_daemon()
    domain = xen.connection.lookupByName(documents.NAME)
    assert domain.state()[0] == libvirt.VIR_DOMAIN_PMSUSPENDED
    assert domain.hasManagedSaveImage() == 1
    domain.pMWakeup()
    assert domain.state() == [
        libvirt.VIR_DOMAIN_RUNNING,
        libvirt.VIR_DOMAIN_RUNNING_WAKEUP,
    ]
    domain.managedSaveRemove()


def test_a_guest_that_is_awake_is_not_woken(running: Any) -> None:
    with refused(INVALID, LIBXL, "Domain is not suspended"):
        running.pMWakeup()


def test_a_dump_while_the_guest_goes_on(xen: Tier, running: Any) -> None:
    path = xen.core_file()
    running.coreDump(path, libvirt.VIR_DUMP_LIVE)
    assert xen.size_of(path) >= MEMORY_BYTES
    assert running.state()[0] == libvirt.VIR_DOMAIN_RUNNING


def test_a_dump_that_ends_the_guest(xen: Tier, running: Any, events: Recorder) -> None:
    path = xen.core_file()
    running.coreDump(path, libvirt.VIR_DUMP_CRASH)
    assert xen.size_of(path) >= MEMORY_BYTES
    assert running.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED]
    crashed = (STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED)
    assert events.wait_pairs(documents.NAME, 1) == [crashed]


def test_a_dump_overwrites(xen: Tier, running: Any) -> None:
    path = xen.core_file()
    running.coreDump(path, libvirt.VIR_DUMP_LIVE)
    running.coreDump(path, libvirt.VIR_DUMP_LIVE)


def test_a_dump_into_no_folder(running: Any) -> None:
    with refused(libvirt.VIR_ERR_INTERNAL_ERROR, LIBXL, "Failed to dump core"):
        running.coreDump("/nonexistent/folder/core", libvirt.VIR_DUMP_LIVE)
    assert running.state()[0] == libvirt.VIR_DOMAIN_RUNNING


def test_a_guest_that_is_off_has_nothing_to_dump(xen: Tier, defined: Any) -> None:
    with refused(INVALID, DOMAIN, "domain is not running"):
        defined.coreDump(xen.core_file(), libvirt.VIR_DUMP_LIVE)


def test_a_transient_guest_has_no_managed_save(xen: Tier) -> None:
    domain = xen.connection.createXML(documents.guest(xen))
    with refused(INVALID, LIBXL, "cannot do managed save for transient domain"):
        domain.managedSave()


def test_a_paused_guest_is_not_saved(running: Any) -> None:
    running.suspend()
    with refused(INVALID, LIBXL, "has to be running because libxenlight will"):
        running.managedSave()


@pytest.mark.parametrize("flags", [1, 2, 4], ids=["BYPASS_CACHE", "RUNNING", "PAUSED"])
def test_flags_of_saving(running: Any, flags: int) -> None:
    with refused(libvirt.VIR_ERR_INVALID_ARG, LIBXL, "unsupported flags"):
        running.managedSave(flags)


def test_save_and_restore(
    xen: Tier, running: Any, events: Recorder, tmp_path: Path
) -> None:
    xen.wait_booted(documents.NAME)
    file = str(tmp_path / "memory") if xen.name != "lab" else "/var/tmp/contract.save"
    running.save(file)
    assert running.isActive() == 0
    xen.connection.restore(file)
    assert running.isActive() == 1
    assert events.wait_pairs(documents.NAME, 2) == [SAVED, RESTORED]
