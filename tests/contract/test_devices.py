# SPDX-License-Identifier: Apache-2.0
"""Devices plugged in and out."""

from typing import Any

import libvirt
import pytest
from lxml import etree

from contract import documents
from contract.refusals import DOMAIN, LIBXL, refused
from contract.tiers.base import Tier

INTERNAL = libvirt.VIR_ERR_INTERNAL_ERROR
ARGUMENT = libvirt.VIR_ERR_INVALID_ARG
FAILED = libvirt.VIR_ERR_OPERATION_FAILED
UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG
BOTH = LIVE | CONFIG
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE


def _targets(domain: Any, flags: int = 0) -> list[str | None]:
    """Return the disks beside the one the guest started with."""
    root = etree.fromstring(domain.XMLDesc(flags))
    names = [target.get("dev") for target in root.findall("devices/disk/target")]
    return [name for name in names if name != "xvda"]


def _macs(domain: Any, flags: int = 0) -> list[str | None]:
    root = etree.fromstring(domain.XMLDesc(flags))
    return [mac.get("address") for mac in root.findall("devices/interface/mac")]


@pytest.fixture
def running(xen: Tier) -> Any:
    """A PV guest with a disk of QEMU from its start."""
    text = documents.guest(xen, devices=documents.disk(xen.root_image))
    domain = xen.connection.defineXML(text)
    domain.create()
    return domain


@pytest.fixture
def disk(xen: Tier) -> str:
    return documents.disk(xen.image, "xvdb")


@pytest.fixture
def nic(xen: Tier) -> str:
    return documents.nic(xen.bridge)


@pytest.mark.parametrize(
    ("flags", "now", "later"),
    [(LIVE, 1, 0), (CONFIG, 0, 1), (BOTH, 1, 1), (0, 1, 0)],
    ids=["live", "config", "both", "current"],
)
def test_where_a_disk_is_plugged(
    running: Any, disk: str, flags: int, now: int, later: int
) -> None:
    running.attachDeviceFlags(disk, flags)
    assert len(_targets(running)) == now
    assert len(_targets(running, INACTIVE)) == later


def test_current_of_a_stopped_guest_is_its_definition(defined: Any, disk: str) -> None:
    defined.attachDeviceFlags(disk, 0)
    assert _targets(defined) == ["xvdb"]


def test_live_of_a_stopped_guest(defined: Any, disk: str) -> None:
    words = "domain is not running"
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, DOMAIN, words):
        defined.attachDeviceFlags(disk, LIVE)


def test_config_of_a_transient_guest(xen: Tier, disk: str) -> None:
    domain = xen.connection.createXML(documents.guest(xen))
    words = "transient domains do not have any persistent config"
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, DOMAIN, words):
        domain.attachDeviceFlags(disk, CONFIG)


@pytest.mark.parametrize("call", ["attachDeviceFlags", "detachDeviceFlags"])
def test_flags_nobody_knows(running: Any, disk: str, call: str) -> None:
    with refused(ARGUMENT, LIBXL, "unsupported flags (0x4)"):
        getattr(running, call)(disk, libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE)


def test_a_disk_is_unplugged(xen: Tier, running: Any, disk: str) -> None:
    # A guest that does not answer yet cannot let a disk go.
    xen.wait_booted(documents.NAME)
    running.attachDeviceFlags(disk, BOTH)
    running.detachDeviceFlags(disk, BOTH)
    assert _targets(running) == _targets(running, INACTIVE) == []


def test_a_disk_is_plugged_twice_live(running: Any, disk: str) -> None:
    running.attachDeviceFlags(disk, LIVE)
    with refused(FAILED, LIBXL, "target xvdb already exists"):
        running.attachDeviceFlags(disk, LIVE)


def test_a_disk_is_plugged_twice_for_later(running: Any, disk: str) -> None:
    running.attachDeviceFlags(disk, CONFIG)
    with refused(ARGUMENT, LIBXL, "target xvdb already exists."):
        running.attachDeviceFlags(disk, BOTH)
    assert _targets(running) == []


def test_a_failed_live_change_leaves_the_definition(running: Any, disk: str) -> None:
    running.attachDeviceFlags(disk, LIVE)
    with refused(FAILED, LIBXL):
        running.attachDeviceFlags(disk, BOTH)
    assert _targets(running, INACTIVE) == []


@pytest.mark.parametrize(
    ("plugged", "code", "words"),
    [
        (LIVE, ARGUMENT, "no target device xvdb"),
        (CONFIG, FAILED, "disk xvdb not found"),
    ],
)
def test_half_a_disk_is_not_unplugged_from_both(
    running: Any, disk: str, plugged: int, code: int, words: str
) -> None:
    running.attachDeviceFlags(disk, plugged)
    with refused(code, LIBXL, words):
        running.detachDeviceFlags(disk, BOTH)
    both = _targets(running) + _targets(running, INACTIVE)
    assert both == ["xvdb"]


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (LIVE, FAILED, "disk xvdb not found"),
        (CONFIG, ARGUMENT, "no target device xvdb"),
    ],
)
def test_a_disk_that_is_not_there(
    running: Any, disk: str, flags: int, code: int, words: str
) -> None:
    with refused(code, LIBXL, words):
        running.detachDeviceFlags(disk, flags)


@pytest.mark.parametrize(
    ("driver", "image"), [("qemu", "qcow2"), ("qemu", "vhd"), ("file", "raw")]
)
def test_drivers_and_formats_that_go(
    xen: Tier, running: Any, driver: str, image: str
) -> None:
    made = documents.disk(xen.image, "xvdb", driver=driver, image=image)
    running.attachDeviceFlags(made, LIVE)
    assert _targets(running) == ["xvdb"]


def test_vpc_is_refused(xen: Tier, running: Any) -> None:
    made = documents.disk(xen.image, "xvdb", image="vpc")
    words = "libxenlight does not support disk format vpc with disk driver qemu"
    with refused(INTERNAL, LIBXL, words):
        running.attachDeviceFlags(made, LIVE)


def test_vpc_is_taken_for_later(xen: Tier, running: Any) -> None:
    made = documents.disk(xen.image, "xvdb", image="vpc")
    running.attachDeviceFlags(made, CONFIG)
    assert _targets(running, INACTIVE) == ["xvdb"]


@pytest.mark.parametrize("image", ["vhd", "raw"])
def test_blktap_is_gone(xen: Tier, running: Any, image: str) -> None:
    made = documents.disk(xen.image, "xvdb", driver="tap", image=image)
    with refused(INTERNAL, LIBXL, "libxenlight failed to attach disk 'xvdb'"):
        running.attachDeviceFlags(made, LIVE)


@pytest.mark.parametrize(
    ("bus", "target"), [("virtio", "vdb"), ("ide", "hdb"), ("scsi", "sdb")]
)
def test_buses_that_cannot_be_plugged(
    xen: Tier, running: Any, bus: str, target: str
) -> None:
    made = documents.disk(xen.image, target, bus=bus)
    with refused(UNSUPPORTED, LIBXL, f"disk bus '{bus}' cannot be hotplugged."):
        running.attachDeviceFlags(made, LIVE)


def test_network_disks_are_rbd_alone(running: Any) -> None:
    made = (
        '<disk type="network" device="disk"><driver name="qemu" type="raw"/>'
        '<source protocol="iscsi" name="iqn.2026-01.org.example:a/1">'
        '<host name="192.0.2.1" port="3260"/></source>'
        '<target dev="xvdb" bus="xen"/></disk>'
    )
    words = "Unsupported network block protocol 'iscsi'"
    with refused(libvirt.VIR_ERR_NO_SUPPORT, LIBXL, words):
        running.attachDeviceFlags(made, LIVE)


def test_a_missing_image_is_plugged_and_not_unplugged(xen: Tier, running: Any) -> None:
    made = documents.disk(xen.missing, "xvdb", image="qcow2")
    running.attachDeviceFlags(made, LIVE)
    assert _targets(running) == ["xvdb"]
    with refused(INTERNAL, LIBXL, "libxenlight failed to detach disk 'xvdb'"):
        running.detachDeviceFlags(made, LIVE)


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_a_guest_that_started_without_qemu_never_gets_its_disks(
    xen: Tier, disk: str, kind: str
) -> None:
    domain = xen.connection.createXML(documents.guest(xen, kind=kind))
    with refused(INTERNAL, LIBXL, "libxenlight failed to attach disk 'xvdb'"):
        domain.attachDeviceFlags(disk, LIVE)
    assert _targets(domain) == []


def test_phy_needs_no_qemu(xen: Tier) -> None:
    domain = xen.connection.createXML(documents.guest(xen))
    made = documents.disk(xen.image, "xvdb", driver="phy")
    domain.attachDeviceFlags(made, LIVE)
    assert _targets(domain) == ["xvdb"]


def test_a_guest_of_hvm_has_qemu(xen: Tier, disk: str) -> None:
    domain = xen.connection.createXML(documents.guest(xen, kind="hvm"))
    domain.attachDeviceFlags(disk, LIVE)
    assert _targets(domain) == ["xvdb"]


def test_what_is_plugged_live_ends_with_the_run(running: Any, disk: str) -> None:
    running.attachDeviceFlags(disk, LIVE)
    running.destroy()
    assert _targets(running) == []


def test_a_nic_is_plugged_and_unplugged(running: Any, nic: str) -> None:
    running.attachDeviceFlags(nic, BOTH)
    assert _macs(running) == _macs(running, INACTIVE) == [documents.MAC]
    running.detachDeviceFlags(nic, BOTH)
    assert _macs(running) == _macs(running, INACTIVE) == []


def test_a_plugged_nic_has_no_name_in_the_definition(running: Any, nic: str) -> None:
    running.attachDeviceFlags(nic, LIVE)
    root = etree.fromstring(running.XMLDesc())
    assert root.find("devices/interface/target") is None


@pytest.mark.parametrize("plugged", [LIVE, CONFIG])
def test_half_a_nic_is_not_unplugged_from_both(
    running: Any, nic: str, plugged: int
) -> None:
    running.attachDeviceFlags(nic, plugged)
    with refused(libvirt.VIR_ERR_DEVICE_MISSING, DOMAIN):
        running.detachDeviceFlags(nic, BOTH)
    assert _macs(running) + _macs(running, INACTIVE) == [documents.MAC]


def test_an_address_is_made_for_both_documents(xen: Tier, running: Any) -> None:
    made = documents.nic(xen.bridge).replace(f'<mac address="{documents.MAC}"/>', "")
    running.attachDeviceFlags(made, BOTH)
    (made_now,) = _macs(running)
    assert made_now
    assert _macs(running, INACTIVE) == [made_now]


def _on_openvswitch(xen: Tier, port: str) -> str:
    return documents.nic(xen.bridge).replace("</interface>", f"{port}</interface>")


def _interface_id(domain: Any) -> str | None:
    root = etree.fromstring(domain.XMLDesc(INACTIVE))
    parameters = root.find("devices/interface/virtualport/parameters")
    return None if parameters is None else parameters.get("interfaceid")


def test_an_interface_id_is_made_anew_each_time(xen: Tier, defined: Any) -> None:
    # One that is plugged in now and for later has two of them, unlike its address.
    made = _on_openvswitch(xen, '<virtualport type="openvswitch"/>')
    found = set()
    for _ in range(2):
        defined.attachDeviceFlags(made, CONFIG)
        found.add(_interface_id(defined))
        defined.detachDeviceFlags(made, CONFIG)
    assert len(found - {None}) == 2


def test_an_interface_id_that_is_given_is_kept(xen: Tier, defined: Any) -> None:
    given = "5a1e2d3c-0000-4000-8000-00000000000a"
    port = f'<virtualport type="openvswitch"><parameters interfaceid="{given}"/>'
    defined.attachDeviceFlags(_on_openvswitch(xen, f"{port}</virtualport>"), CONFIG)
    assert _interface_id(defined) == given


@pytest.mark.parametrize("flags", [LIVE, CONFIG])
def test_a_nic_is_plugged_twice(running: Any, nic: str, flags: int) -> None:
    running.attachDeviceFlags(nic, flags)
    words = f"network device with mac {documents.MAC} already exists"
    with refused(ARGUMENT, LIBXL, words):
        running.attachDeviceFlags(nic, flags)


@pytest.mark.parametrize("flags", [LIVE, CONFIG])
def test_a_nic_that_is_not_there(running: Any, nic: str, flags: int) -> None:
    words = f"matching MAC address '{documents.MAC}'"
    with refused(libvirt.VIR_ERR_DEVICE_MISSING, DOMAIN, words):
        running.detachDeviceFlags(nic, flags)


def test_a_nic_of_another_model(running: Any, nic: str) -> None:
    made = nic.replace("</interface>", '<model type="virtio"/></interface>')
    with refused(UNSUPPORTED, LIBXL, "only model 'netfront' is supported"):
        running.attachDeviceFlags(made, LIVE)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (LIVE, "device type 'rng' cannot be attached"),
        (CONFIG, "persistent attach of device is not supported"),
    ],
)
def test_kinds_of_devices_nobody_plugs(running: Any, flags: int, words: str) -> None:
    rng = '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>'
    with refused(UNSUPPORTED, LIBXL, words):
        running.attachDeviceFlags(rng, flags)


def _drive(path: str | None) -> str:
    made = documents.disk(path or "", "hdc", bus="ide", device="cdrom")
    return made if path else made.replace('<source file=""/>', "")


@pytest.fixture
def with_drive(xen: Tier) -> Any:
    text = documents.guest(xen, kind="hvm", devices=_drive(xen.root_image))
    domain = xen.connection.defineXML(text)
    domain.create()
    return domain


def _medium(domain: Any, flags: int = 0) -> str | None:
    root = etree.fromstring(domain.XMLDesc(flags))
    source = root.find("devices/disk/source")
    return None if source is None else source.get("file")


@pytest.mark.parametrize("call", ["updateDeviceFlags", "attachDeviceFlags"])
def test_a_medium_changes(xen: Tier, with_drive: Any, call: str) -> None:
    getattr(with_drive, call)(_drive(xen.image), LIVE)
    assert _medium(with_drive) == xen.image
    assert _medium(with_drive, INACTIVE) == xen.root_image


def test_a_medium_goes_and_another_comes(xen: Tier, with_drive: Any) -> None:
    with_drive.updateDeviceFlags(_drive(None), LIVE)
    assert _medium(with_drive) is None
    with_drive.updateDeviceFlags(_drive(xen.image), LIVE)
    assert _medium(with_drive) == xen.image


def test_a_drive_that_began_empty_stays_empty(xen: Tier) -> None:
    # On Xen 4.17 QEMU dies of the attempt; a drive needs a medium from the start.
    text = documents.guest(xen, kind="hvm", devices=_drive(None))
    domain = xen.connection.createXML(text)
    words = "libxenlight failed to change media for disk 'hdc'"
    with refused(INTERNAL, LIBXL, words):
        domain.updateDeviceFlags(_drive(xen.image), LIVE)


def test_a_medium_changes_for_later(xen: Tier, with_drive: Any) -> None:
    with_drive.updateDeviceFlags(_drive(xen.image), CONFIG)
    assert _medium(with_drive, INACTIVE) == xen.image


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (LIVE, UNSUPPORTED, "disk bus 'xen' cannot be updated."),
        (CONFIG, ARGUMENT, "this disk doesn't support update"),
    ],
)
def test_plain_disks_are_not_updated(
    running: Any, disk: str, flags: int, code: int, words: str
) -> None:
    running.attachDeviceFlags(disk, BOTH)
    with refused(code, LIBXL, words):
        running.updateDeviceFlags(disk, flags)


def test_nics_are_not_updated(running: Any, nic: str) -> None:
    running.attachDeviceFlags(nic, LIVE)
    with refused(UNSUPPORTED, LIBXL, "cannot be updated"):
        running.updateDeviceFlags(nic, LIVE)
