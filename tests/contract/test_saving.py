# SPDX-License-Identifier: Apache-2.0
"""Guests whose memory is saved."""

from pathlib import Path
from typing import Any

import libvirt
import pytest

from contract import documents
from contract.recorder import Recorder
from contract.refusals import LIBXL, refused
from contract.tiers.base import Tier

INVALID = libvirt.VIR_ERR_OPERATION_INVALID
STARTED = libvirt.VIR_DOMAIN_EVENT_STARTED
STOPPED = libvirt.VIR_DOMAIN_EVENT_STOPPED
RESTORED = (STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_RESTORED)
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
