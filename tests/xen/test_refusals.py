# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 up
"""Bad input and failures on real Xen: a sentence, exit code 1, nothing left behind."""

from __future__ import annotations

import pytest

from xen.conftest import GUEST, Dom0, boot

REFUSED = {
    "no such bridge": (("--network", "bridge=nobr"), "no bridge nobr"),
    "no such mode": (("--property", "vm_mode=uml"), "vm_mode=uml"),
    "a bus PV cannot have": (("--property", "hw_disk_bus=ide"), "bus ide"),
    "too much memory": (("--ram", "9000"), "MiB free"),
    "too many vCPUs": (("--vcpus", "4096"), "vCPUs"),
    "not that format": (("--image-format", "vhd"), "refused"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(dom0: Dom0, case: str) -> None:
    arguments, words = REFUSED[case]
    done = dom0.nova_xen(
        *("server", "create", "t-refused", "--image", f"{GUEST}/guest.qcow2"),
        *("--ram", "64"),
        *arguments,
    )
    assert done.code == 1
    assert words in done.err
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert dom0.left_behind() == []


def test_a_kernel_that_is_none_fails_in_libxl(dom0: Dom0) -> None:
    dom0.sh("head -c 65536 /dev/urandom >/tmp/no-kernel")
    done = dom0.nova_xen(
        *("server", "create", "t-kernel", "--image", f"{GUEST}/guest.qcow2"),
        *("--ram", "64", "--network", "bridge=br0", "--kernel", "/tmp/no-kernel"),
    )
    assert done.code == 1
    first, *log = done.err.strip().splitlines()
    assert "the step 'start it' failed" in first
    assert "Nothing was left behind." in first
    assert any("libxl" in line for line in log), done.err
    assert dom0.left_behind() == []


def test_a_creation_killed_half_way_is_cleaned_up(dom0: Dom0) -> None:
    create = f"nova-xen server create t-killed --image {GUEST}/guest.qcow2 --ram 128"
    dom0.sh(
        f"{create} --kernel {GUEST}/vmlinux >/dev/null 2>&1 & pid=$!; "
        "for i in $(seq 600); do "
        "ls -A /var/lib/nova/instances/*/.building 2>/dev/null && break; sleep 0.2; "
        "done; kill -9 $pid"
    )
    assert dom0.left_behind() != []
    done = dom0.nova_xen(
        *("server", "create", "t-next", "--image", f"{GUEST}/guest.qcow2"),
        *("--ram", "128"),
        *boot("pv"),
    )
    assert done.code == 0, done.err
    assert dom0.nova_xen("server", "delete", "t-next").code == 0
    assert dom0.left_behind() == []
