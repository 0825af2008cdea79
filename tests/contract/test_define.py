# SPDX-License-Identifier: Apache-2.0
"""What a definition may say, and what libvirt makes of it."""

from typing import Any

import libvirt
import pytest
from lxml import etree

from contract import documents
from contract.recorder import Recorder
from contract.refusals import CAPABILITIES, DOMAIN, LIBXL, XML, refused
from contract.tiers.base import Tier

VALIDATE = libvirt.VIR_DOMAIN_DEFINE_VALIDATE
DEFINED = libvirt.VIR_DOMAIN_EVENT_DEFINED
OTHER_UUID = "aaaaaaaa-0000-4000-8000-000000000001"


def _parsed(domain: Any) -> Any:
    return etree.fromstring(domain.XMLDesc())


def test_a_defined_guest_is_persistent_and_off(defined: Any) -> None:
    assert defined.isPersistent() == 1
    assert defined.isActive() == 0
    assert defined.ID() == -1
    assert defined.state() == [libvirt.VIR_DOMAIN_SHUTOFF, 0]


def test_defining_again_updates(xen: Tier, events: Recorder) -> None:
    for _ in range(2):
        xen.connection.defineXML(documents.guest(xen))
    added = libvirt.VIR_DOMAIN_EVENT_DEFINED_ADDED
    updated = libvirt.VIR_DOMAIN_EVENT_DEFINED_UPDATED
    seen = events.wait_pairs(documents.NAME, 2)
    assert seen == [(DEFINED, added), (DEFINED, updated)]


def test_a_name_belongs_to_one_uuid(xen: Tier, defined: Any) -> None:
    words = f"domain '{documents.NAME}' already exists with uuid {documents.UUID}"
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, DOMAIN, words):
        xen.connection.defineXML(documents.guest(xen, identity=OTHER_UUID))


def test_a_uuid_belongs_to_one_name(xen: Tier, defined: Any) -> None:
    with refused(libvirt.VIR_ERR_OPERATION_FAILED, DOMAIN, "is already defined with"):
        xen.connection.defineXML(documents.guest(xen, name="contract-2"))


def test_the_schema_is_asked_only_with_validate(xen: Tier) -> None:
    text = documents.guest(xen, extra="<bogus/>")
    with refused(libvirt.VIR_ERR_XML_INVALID_SCHEMA, XML, "failed to validate"):
        xen.connection.defineXMLFlags(text, VALIDATE)
    domain = xen.connection.defineXMLFlags(text, 0)
    assert _parsed(domain).find("bogus") is None


def test_unknown_flags_of_define(xen: Tier) -> None:
    with refused(libvirt.VIR_ERR_INVALID_ARG, LIBXL, "unsupported flags (0x2)"):
        xen.connection.defineXMLFlags(documents.guest(xen), 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type="xen">', 'type="kvm">'),
        ('machine="xenpv"', 'arch="ppc64" machine="xenpv"'),
    ],
    ids=["kvm", "arch"],
)
def test_what_the_host_has_no_capability_for(xen: Tier, old: str, new: str) -> None:
    text = documents.guest(xen).replace(old, new, 1)
    with refused(libvirt.VIR_ERR_INVALID_ARG, CAPABILITIES, "could not find capab"):
        xen.connection.defineXML(text)


def test_any_machine_is_taken(xen: Tier) -> None:
    text = documents.guest(xen).replace('machine="xenpv"', 'machine="pc"')
    domain = xen.connection.defineXML(text)
    assert _parsed(domain).find("os/type").get("machine") == "pc"
    assert domain.OSType() == "xen"


def test_broken_xml(xen: Tier) -> None:
    with refused(libvirt.VIR_ERR_XML_DETAIL, DOMAIN, "(domain_definition):"):
        xen.connection.defineXML("<domain")


@pytest.mark.parametrize(
    ("old", "code"),
    [
        (f"<name>{documents.NAME}</name>", libvirt.VIR_ERR_NO_NAME),
        ('<memory unit="MiB">128</memory>', libvirt.VIR_ERR_XML_ERROR),
    ],
    ids=["name", "memory"],
)
def test_what_a_definition_cannot_lack(xen: Tier, old: str, code: int) -> None:
    with refused(code, DOMAIN):
        xen.connection.defineXML(documents.guest(xen).replace(old, ""))


def test_two_disks_of_one_target(xen: Tier) -> None:
    twice = documents.disk(xen.image) * 2
    with refused(libvirt.VIR_ERR_XML_ERROR, DOMAIN, "target 'xvda' duplicated"):
        xen.connection.defineXML(documents.guest(xen, devices=twice))


def test_sizes_are_kept_in_kib(defined: Any) -> None:
    root = _parsed(defined)
    assert root.find("memory").get("unit") == "KiB"
    assert root.findtext("memory") == root.findtext("currentMemory") == "131072"
    assert defined.maxMemory() == 131072


def test_a_uuid_is_made(xen: Tier) -> None:
    domain = xen.connection.defineXML(documents.guest(xen, identity=None))
    assert _parsed(domain).findtext("uuid") == domain.UUIDString()


def test_a_mac_address_is_made_in_xens_range(xen: Tier) -> None:
    nic = '<interface type="bridge"><source bridge="br0"/></interface>'
    domain = xen.connection.defineXML(documents.guest(xen, devices=nic))
    mac = _parsed(domain).find("devices/interface/mac").get("address")
    assert mac.startswith("00:16:3e:")


@pytest.mark.parametrize("kind", ["pv", "pvh", "hvm"])
def test_machine_and_type_of_each_kind(xen: Tier, kind: str) -> None:
    domain = xen.connection.defineXML(documents.guest(xen, kind=kind))
    os_type = _parsed(domain).find("os/type")
    assert (
        os_type.get("machine") == {"pv": "xenpv", "pvh": "xenpvh", "hvm": "xenfv"}[kind]
    )
    assert os_type.text == {"pv": "linux", "pvh": "xenpvh", "hvm": "hvm"}[kind]
    assert domain.OSType() == {"pv": "xen", "pvh": "xenpvh", "hvm": "hvm"}[kind]


def test_devices_libvirt_adds(defined: Any) -> None:
    devices = _parsed(defined).find("devices")
    assert devices.find("memballoon").get("model") == "xen"
    assert devices.find("controller[@type='xenbus']") is not None
    assert {one.get("bus") for one in devices.findall("input")} == {"xen"}


def test_a_pv_guest_gets_a_console(xen: Tier) -> None:
    console = '<console type="pty"><target type="xen" port="0"/></console>'
    text = documents.guest(xen).replace(console, "")
    domain = xen.connection.defineXML(text)
    target = _parsed(domain).find("devices/console/target")
    assert target.get("type") == "xen"


def test_a_disk_without_format_is_raw(xen: Tier) -> None:
    disk = documents.disk(xen.image).replace(' type="raw"', "")
    domain = xen.connection.defineXML(documents.guest(xen, devices=disk))
    assert _parsed(domain).find("devices/disk/driver").get("type") == "raw"


def test_define_does_not_look_at_formats(xen: Tier) -> None:
    disk = documents.disk(xen.image, image="vpc")
    domain = xen.connection.defineXMLFlags(documents.guest(xen, devices=disk), VALIDATE)
    assert domain.isPersistent() == 1


def test_defining_a_running_guest_is_for_its_next_start(
    xen: Tier, running: Any
) -> None:
    xen.connection.defineXML(documents.guest(xen, memory_mib=256))
    now = etree.fromstring(running.XMLDesc())
    later = etree.fromstring(running.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    assert now.findtext("memory") == "131072"
    assert later.findtext("memory") == "262144"


def test_unknown_flags_of_the_definition(defined: Any) -> None:
    words = "unsupported flags (0x4) in function libxlDomainGetXMLDesc"
    with refused(libvirt.VIR_ERR_INVALID_ARG, LIBXL, words):
        defined.XMLDesc(libvirt.VIR_DOMAIN_XML_UPDATE_CPU)


def test_undefine_forgets_a_stopped_guest(
    xen: Tier, defined: Any, events: Recorder
) -> None:
    defined.undefine()
    undefined = (libvirt.VIR_DOMAIN_EVENT_UNDEFINED, 0)
    assert events.wait_pairs(documents.NAME, 1) == [undefined]
    with refused(libvirt.VIR_ERR_NO_DOMAIN, LIBXL):
        xen.connection.lookupByName(documents.NAME)


def test_undefine_makes_a_running_guest_transient(running: Any) -> None:
    running.undefine()
    assert running.isActive() == 1
    assert running.isPersistent() == 0


def test_undefine_of_a_transient_guest(xen: Tier) -> None:
    domain = xen.connection.createXML(documents.guest(xen))
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, LIBXL, "cannot undefine trans"):
        domain.undefine()


@pytest.mark.parametrize("flags", [2, 4, 8, 16], ids=["SNAPSHOTS", "NVRAM", "8", "16"])
def test_flags_undefine_does_not_know(defined: Any, flags: int) -> None:
    with refused(libvirt.VIR_ERR_INVALID_ARG, LIBXL, "unsupported flags"):
        defined.undefineFlags(flags)
