# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 up
"""Debian guests from each format in each mode report in on real Xen."""

from __future__ import annotations

import itertools
import re

import pytest

from xen.conftest import GUEST, MODES, READY, SLOW, Dom0, boot

REPORT = re.compile(rf"{READY} mode=(\w+) .*?disks=(\S+)")


def start(dom0: Dom0, name: str, image: str, *arguments: str) -> dict[str, object]:
    """A server whose guest has just begun to boot."""
    shown: dict[str, object] = dom0.told(
        *("server", "create", name, "--image", f"{GUEST}/guest.{image}"),
        *("--ram", "128", "--network", "bridge=br0"),
        *arguments,
    )
    return shown


def create(dom0: Dom0, name: str, image: str, *arguments: str) -> dict[str, object]:
    """A server that has reported in."""
    waiting = ("--wait-for", READY, "--timeout", "1500")
    return start(dom0, name, image, *waiting, *arguments)


def report(dom0: Dom0, name: str) -> tuple[str, list[str]]:
    """The mode and the disks the guest itself sees."""
    log = dom0.nova_xen("server", "console", "log", name).out
    found = REPORT.search(log)
    assert found, log
    return found.group(1), found.group(2).split(",")


#: what is quick here: with a kernel of the host an HVM guest takes 50 s longer
QUICK = {
    "pv": boot("pv"),
    "pvh": boot("pvh"),
    "hvm": (*MODES["hvm"], "--property", "hw_disk_bus=scsi"),
}


#: each mode and each format; the others are slow rows
ALWAYS = (("pv", "raw"), ("pvh", "qcow2"), ("hvm", "vhd"))


@pytest.mark.parametrize(
    ("mode", "image"),
    [
        pytest.param(*row, marks=() if row in ALWAYS else SLOW)
        for row in itertools.product(MODES, ("raw", "qcow2", "vhd"))
    ],
)
def test_a_guest_reports_in(dom0: Dom0, server: str, mode: str, image: str) -> None:
    swap = ("--swap", "16") if mode == "pv" else ()
    shown = create(dom0, server, image, *QUICK[mode], *swap)
    assert shown["status"] == "ACTIVE"
    seen_mode, disks = report(dom0, server)
    assert seen_mode.lower() == mode
    assert disks == (["xvda", "xvdb"] if swap else ["xvda"])
    assert dom0.nova_xen("server", "delete", server).code == 0
    assert dom0.left_behind() == []


@pytest.mark.parametrize(("mode", "image"), [("pv", "qcow2"), ("pvh", "vhd")])
def test_a_guest_boots_from_its_own_disk(
    dom0: Dom0, server: str, mode: str, image: str
) -> None:
    create(dom0, server, image, *MODES[mode])
    assert report(dom0, server)[0].lower() == mode


@SLOW  # guests that migrate boot so too
def test_an_hvm_guest_boots_a_kernel_of_the_host(dom0: Dom0, server: str) -> None:
    create(dom0, server, "qcow2", *boot("hvm"))
    assert report(dom0, server) == ("HVM", ["xvda"])


def test_an_overlay_of_a_cached_base(dom0: Dom0, server: str) -> None:
    dom0.sh("printf '[libvirt]\\nimages_type = qcow2\\n' >/tmp/cow.conf")
    done = dom0.nova_xen(
        *("--config-file", "/tmp/cow.conf"),
        *("server", "create", server, "--image", f"{GUEST}/guest.raw", "--ram", "128"),
        *("--wait-for", READY, "--timeout", "1500"),
        *boot("pv"),
    )
    assert done.code == 0, done.err
    uuid = dom0.told("server", "show", server)["id"]
    chain = dom0.sh(f"qemu-img info -f qcow2 -U /var/lib/nova/instances/{uuid}/disk")
    assert "backing file: /var/lib/nova/instances/_base/" in chain
