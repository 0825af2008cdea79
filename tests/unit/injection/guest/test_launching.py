# SPDX-License-Identifier: Apache-2.0
"""What libguestfs says, and the sentence it becomes."""

from __future__ import annotations

import pytest

from nova_xen.injection.guest.launching import launch_problem
from nova_xen.injection.guest.problems import Kind

BUILD = "/usr/bin/supermin exited with error status 1.\nTo see full error messages"
LAUNCH = "guestfs_launch failed.\nThis usually means the libguestfs appliance failed"


@pytest.mark.parametrize(
    ("error", "log", "why", "advice"),
    [
        (
            BUILD,
            "supermin: failed to find a suitable kernel (host_cpu=x86_64).\n",
            "no kernel for libguestfs's appliance",
            "apt install linux-image-cloud-amd64",
        ),
        (
            BUILD,
            "cp: cannot open '/boot/vmlinuz-6' for reading: Permission denied\n",
            "kernel in /boot cannot be read",
            "run as root",
        ),
        (
            LAUNCH,
            "qemu: cannot set up guest memory 'pc.ram': Cannot allocate\n",
            "not enough memory",
            "lower [xen] guestfs_memory",
        ),
        (
            LAUNCH,
            "[ 1.0] Kernel panic - not syncing: System is deadlocked on memory\n",
            "too little memory",
            "raise [xen] guestfs_memory",
        ),
        (
            LAUNCH,
            "qemu: Could not open '/x/disk': Permission denied\n",
            "may not open the disk",
            "run as root",
        ),
        (BUILD, "cp: write error: No space left on device\n", "no space", "free some"),
        (
            BUILD,
            "supermin: error: something else.\n",
            r"could not be built \(something else\)",
            "libguestfs-test-tool",
        ),
        (BUILD, "", "it did not say why", "libguestfs-test-tool"),
    ],
)
def test_known_causes(error: str, log: str, why: str, advice: str) -> None:
    problem = launch_problem(error, log)
    assert problem.kind is Kind.UNAVAILABLE
    with pytest.raises(type(problem), match=why):
        raise problem
    assert advice in problem.other


def test_an_unknown_cause_is_told_as_it_was() -> None:
    problem = launch_problem(LAUNCH, "qemu died\n")
    assert problem.kind is Kind.FAILED
    assert problem.why == "guestfs_launch failed"
    assert problem.other == "starting its appliance"
