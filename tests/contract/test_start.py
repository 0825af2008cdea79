# SPDX-License-Identifier: Apache-2.0
"""How guests start, and what Xen refuses to start."""

from typing import Any

import libvirt
import pytest
from lxml import etree

from contract import documents
from contract.recorder import Recorder
from contract.refusals import DOMAIN, LIBXL, refused
from contract.tiers.base import Tier

INTERNAL = libvirt.VIR_ERR_INTERNAL_ERROR
STARTED = libvirt.VIR_DOMAIN_EVENT_STARTED
FAILED = f"libxenlight failed to create new domain '{documents.NAME}'"


def test_a_started_guest_runs(defined: Any, events: Recorder) -> None:
    defined.create()
    assert defined.ID() > 0
    assert defined.isActive() == 1
    assert defined.state() == [
        libvirt.VIR_DOMAIN_RUNNING,
        libvirt.VIR_DOMAIN_RUNNING_BOOTED,
    ]
    [seen] = events.wait(documents.NAME, 1)
    assert (seen.event, seen.detail) == (STARTED, 0)
    assert seen.id == defined.ID()


@pytest.mark.parametrize("kind", ["pv", "pvh", "hvm"])
def test_each_kind_starts(xen: Tier, kind: str) -> None:
    domain = xen.connection.defineXML(documents.guest(xen, kind=kind))
    domain.create()
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING


def test_a_guest_starts_paused(defined: Any, events: Recorder) -> None:
    defined.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    assert defined.state() == [
        libvirt.VIR_DOMAIN_PAUSED,
        libvirt.VIR_DOMAIN_PAUSED_USER,
    ]
    assert events.wait_pairs(documents.NAME, 1) == [(STARTED, 0)]


def test_a_running_guest_does_not_start_again(running: Any) -> None:
    words = "Domain is already running"
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, LIBXL, words):
        running.create()


@pytest.mark.parametrize("flags", [2, 4, 8, 16])
def test_flags_create_does_not_know(defined: Any, flags: int) -> None:
    words = f"unsupported flags ({flags:#x}) in function libxlDomainCreateWithFlags"
    with refused(libvirt.VIR_ERR_INVALID_ARG, LIBXL, words):
        defined.createWithFlags(flags)


def test_each_start_has_a_new_id(running: Any) -> None:
    first = running.ID()
    running.destroy()
    running.create()
    assert running.ID() > first


def test_a_transient_guest_is_gone_when_it_stops(xen: Tier) -> None:
    domain = xen.connection.createXML(documents.guest(xen))
    assert domain.isPersistent() == 0
    domain.destroy()
    with refused(libvirt.VIR_ERR_NO_DOMAIN, LIBXL):
        domain.state()


def test_a_transient_start_of_a_running_guest(xen: Tier, running: Any) -> None:
    words = f"domain '{documents.NAME}' is already active"
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, DOMAIN, words):
        xen.connection.createXML(documents.guest(xen))


def test_a_missing_image_is_not_noticed(xen: Tier) -> None:
    disk = documents.disk(xen.missing, image="qcow2")
    domain = xen.connection.createXML(documents.guest(xen, devices=disk))
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING


def test_vhd_is_libxls_word_for_vhd(xen: Tier) -> None:
    disk = documents.disk(xen.image, image="vhd")
    domain = xen.connection.createXML(documents.guest(xen, devices=disk))
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING


@pytest.mark.parametrize(
    ("driver", "image"),
    [("qemu", "vpc"), ("qemu", "vmdk"), ("file", "qcow2"), ("phy", "qcow2")],
)
def test_formats_a_driver_does_not_have(xen: Tier, driver: str, image: str) -> None:
    disk = documents.disk(xen.image, driver=driver, image=image)
    words = f"does not support disk format {image} with disk driver {driver}"
    with refused(INTERNAL, LIBXL, words):
        xen.connection.createXML(documents.guest(xen, devices=disk))


@pytest.mark.parametrize("image", ["vhd", "raw"])
def test_blktap_has_no_backend(xen: Tier, image: str) -> None:
    disk = documents.disk(xen.image, driver="tap", image=image)
    with refused(INTERNAL, LIBXL, FAILED):
        xen.connection.createXML(documents.guest(xen, devices=disk))


def test_virtio_targets_have_no_number_in_xen(xen: Tier) -> None:
    disk = documents.disk(xen.image, "vda", bus="virtio")
    with refused(INTERNAL, LIBXL, FAILED):
        xen.connection.createXML(documents.guest(xen, devices=disk))


def test_a_missing_kernel(xen: Tier, events: Recorder) -> None:
    domain = xen.connection.defineXML(documents.guest(xen, kernel=xen.missing))
    with refused(INTERNAL, LIBXL, FAILED):
        domain.create()
    assert domain.isActive() == 0
    assert domain.state()[0] == libvirt.VIR_DOMAIN_SHUTOFF


def test_too_much_memory(xen: Tier) -> None:
    free_mib = xen.connection.getFreeMemory() // 1024**2
    text = documents.guest(xen, memory_mib=free_mib + 64)
    with refused(INTERNAL, LIBXL, FAILED):
        xen.connection.createXML(text)


def test_a_failed_transient_guest_is_forgotten(xen: Tier) -> None:
    with refused(INTERNAL, LIBXL, FAILED):
        xen.connection.createXML(documents.guest(xen, kernel=xen.missing))
    with refused(libvirt.VIR_ERR_NO_DOMAIN, LIBXL):
        xen.connection.lookupByName(documents.NAME)


def test_memory_falls_with_each_guest(xen: Tier, defined: Any) -> None:
    before = xen.connection.getFreeMemory()
    defined.create()
    taken = before - xen.connection.getFreeMemory()
    assert taken >= 128 * 1024**2


def test_devices_of_a_running_guest_have_names(xen: Tier) -> None:
    nic = documents.nic(xen.bridge)
    domain = xen.connection.createXML(documents.guest(xen, devices=nic))
    root = etree.fromstring(domain.XMLDesc())
    assert root.get("id") == str(domain.ID())
    target = root.find("devices/interface/target")
    assert target is not None
    assert target.get("dev") == f"vif{domain.ID()}.0"
    console = root.find("devices/console")
    assert console is not None
    assert (console.get("tty") or "").startswith("/dev/pts/")


def test_names_of_devices_end_with_the_run(xen: Tier) -> None:
    nic = documents.nic(xen.bridge)
    domain = xen.connection.defineXML(documents.guest(xen, devices=nic))
    domain.create()
    domain.destroy()
    root = etree.fromstring(domain.XMLDesc())
    assert root.get("id") is None
    assert root.find("devices/interface/target") is None


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ('<memballoon model="none"/>', "balloon device cannot be disabled"),
        ('<memballoon model="virtio"/>', "unsupported balloon device model 'virtio'"),
        (
            '<interface type="user"><mac address="00:16:3e:00:00:01"/></interface>',
            "unsupported interface type user",
        ),
        (
            '<interface type="bridge"><source bridge="br0"/><model type="virtio"/>'
            "</interface>",
            "only model 'netfront' is supported",
        ),
    ],
    ids=["no-balloon", "virtio-balloon", "user-nic", "virtio-nic"],
)
def test_devices_libxl_cannot_make(xen: Tier, device: str, words: str) -> None:
    domain = xen.connection.defineXML(documents.guest(xen, devices=device))
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, LIBXL, words):
        domain.create()
