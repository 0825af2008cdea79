# SPDX-License-Identifier: Apache-2.0
"""What is asked for and planned, as values."""

import dataclasses

import pytest

from golden.builders import FLAVOR, HOST, INSTANCE, PV, nic, options, plan
from nova_xen.model import DiskFormat, DiskKind, Reason


@pytest.mark.parametrize("value", [FLAVOR, HOST, INSTANCE, nic(), plan(PV)])
def test_values_cannot_be_changed(value: object) -> None:
    assert dataclasses.is_dataclass(value)
    first = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, first, None)


def test_the_password_is_not_in_the_text_of_an_instance() -> None:
    secret = dataclasses.replace(INSTANCE, vnc_password="hunter2")
    assert "hunter2" not in repr(secret)
    assert "hunter2" not in str(secret)


def test_warnings_are_the_reasons_that_warn() -> None:
    reasons = (Reason("a", "1", "fine"), Reason("b", "2", "mind this", warning=True))
    warned = dataclasses.replace(plan(PV), reasons=reasons)
    assert warned.warnings == ("mind this",)


def test_a_plain_plan_warns_of_nothing() -> None:
    assert plan(PV).warnings == ()
    assert plan(PV, by=options(pv_bootloader="pygrub")).warnings != ()


def test_files_of_disks_have_different_names() -> None:
    assert len({kind.value for kind in DiskKind}) == len(DiskKind)


@pytest.mark.parametrize("disk_format", DiskFormat)
def test_words_of_qemu_img_are_its_own(disk_format: DiskFormat) -> None:
    assert disk_format.qemu_img in ("raw", "qcow2", "vpc")
