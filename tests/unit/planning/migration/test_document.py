# SPDX-License-Identifier: Apache-2.0
"""The destination's document: what is its own, and what the guest must not notice."""

import pytest
from lxml import etree

from nova_xen import exceptions
from nova_xen.domain import Disk, DiskDevice, DiskType, Interface, parse_domain
from nova_xen.planning.migration.document import destination_document
from nova_xen.testing import abi

#: as libvirt 9.0.0's libxl driver dumps a running guest, with details of other devices
RUNNING = """\
<domain type='xen' id='7'>
  <name>web1</name>
  <uuid>aaaaaaaa-0000-4000-8000-000000000008</uuid>
  <metadata>
    <owner xmlns='urn:example:owner'>Anna</owner>
  </metadata>
  <memory unit='KiB'>262144</memory>
  <currentMemory unit='KiB'>196608</currentMemory>
  <vcpu placement='static' current='1'>2</vcpu>
  <cputune><shares>512</shares></cputune>
  <os><type arch='x86_64'>hvm</type></os>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/instances/web1/disk' index='1'/>
      <backingStore type='file' index='2'><source file='/srv/base'/></backingStore>
      <target dev='xvda' bus='xen'/>
      <alias name='xvda'/>
    </disk>
    <disk type='block' device='disk'>
      <driver name='phy' type='raw'/>
      <source dev='/dev/mapper/of-another-guest'/>
      <target dev='xvdb' bus='xen'/>
      <readonly/>
      <serial>4711</serial>
      <alias name='ua-mine'/>
    </disk>
    <controller type='xenbus' index='0'/>
    <interface type='bridge'>
      <mac address='00:16:3e:00:00:08'/>
      <source bridge='br0'/>
      <target dev='vif7.0'/>
      <model type='e1000'/>
      <mtu size='1400'/>
    </interface>
    <interface type='bridge'>
      <mac address='00:16:3e:00:00:09'/>
      <source bridge='br-int'/>
      <virtualport type='openvswitch'><parameters interfaceid='old'/></virtualport>
      <script path='vif-old'/>
      <target dev='tap-named'/>
      <bandwidth><outbound average='100'/></bandwidth>
    </interface>
    <console type='pty' tty='/dev/pts/1'>
      <source path='/dev/pts/1'/>
      <target type='xen' port='0'/>
    </console>
    <serial type='file'>
      <source path='/var/log/web1'/>
      <target port='0'/>
    </serial>
    <graphics type='vnc' port='5907' autoport='yes' listen='10.0.0.1' passwd='secret'>
      <listen type='address' address='10.0.0.1'/>
    </graphics>
    <memballoon model='xen'/>
  </devices>
  <seclabel type='dynamic' model='dac'/>
</domain>
"""


def made(text: str, **given: object) -> etree._Element:
    return etree.fromstring(destination_document(text, **given))  # type: ignore[arg-type]


def one(root: etree._Element, path: str) -> etree._Element:
    (found,) = root.findall(path)
    return found


def attributes(node: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in node.items()}


def test_what_belongs_to_this_run_is_left_out() -> None:
    root = made(RUNNING)
    assert root.get("id") is None
    console = one(root, "devices/console")
    assert attributes(console) == {"type": "pty"}
    assert [each.tag for each in console] == ["target"]
    graphics = one(root, "devices/graphics")
    assert (graphics.get("port"), graphics.get("autoport")) == ("-1", "yes")
    aliases = [each.get("name") for each in root.iterfind("devices/*/alias")]
    assert aliases == ["ua-mine"]
    targets = [each.get("dev") for each in root.iterfind("devices/interface/target")]
    assert targets == ["tap-named"]
    assert root.find("seclabel") is None


def test_what_a_person_chose_is_kept() -> None:
    root = made(RUNNING)
    assert one(root, "devices/serial/source").get("path") == "/var/log/web1"
    assert one(root, "devices/graphics").get("passwd") == "secret"
    assert one(root, "cputune/shares").text == "512"
    assert b"Anna" in etree.tostring(root)


def test_a_fixed_port_is_kept() -> None:
    text = RUNNING.replace("autoport='yes'", "autoport='no'")
    assert one(made(text), "devices/graphics").get("port") == "5907"


@pytest.mark.parametrize("listen", ["192.0.2.7", "0.0.0.0", "::1"])  # noqa: S104
def test_vnc_listens_where_the_destination_says(listen: str) -> None:
    root = made(RUNNING, listen=listen)
    graphics = one(root, "devices/graphics")
    assert graphics.get("listen") == listen
    assert attributes(one(graphics, "listen")) == {
        "type": "address",
        "address": listen,
    }
    assert "10.0.0.1" not in etree.tostring(root, encoding="unicode")


def test_without_an_address_vnc_listens_as_before() -> None:
    graphics = one(made(RUNNING), "devices/graphics")
    assert graphics.get("listen") == "10.0.0.1"
    assert one(graphics, "listen").get("address") == "10.0.0.1"


def test_an_address_is_added_where_there_was_none() -> None:
    text = RUNNING.replace(" listen='10.0.0.1'", "").replace(
        "<listen type='address' address='10.0.0.1'/>", ""
    )
    graphics = one(made(text, listen="::1"), "devices/graphics")
    assert one(graphics, "listen").get("address") == "::1"


@pytest.mark.parametrize(
    "element", ["<listen type='none'/>", "<listen type='socket' socket='/run/vnc'/>"]
)
def test_vnc_that_listens_on_no_address_still_does(element: str) -> None:
    text = RUNNING.replace(" listen='10.0.0.1'", "").replace(
        "<listen type='address' address='10.0.0.1'/>", element
    )
    graphics = one(made(text, listen="192.0.2.7"), "devices/graphics")
    assert graphics.get("listen") is None
    assert one(graphics, "listen").get("address") is None


def test_another_screen_is_let_be() -> None:
    text = RUNNING.replace("type='vnc' port='5907' autoport='yes'", "type='sdl'")
    assert one(made(text, listen="::1"), "devices/graphics").get("listen") == "10.0.0.1"


VOLUME = Disk(
    type=DiskType.BLOCK,
    device=DiskDevice.DISK,
    driver_name="phy",
    driver_type="raw",
    source_dev="/dev/mapper/mine-there",
    target_dev="xvdb",
    target_bus="xen",
)


def test_a_volume_is_reached_the_destinations_way() -> None:
    """CVE-2020-17376: the source's device may be another guest's there."""
    text = destination_document(RUNNING, disks={"xvdb": VOLUME})
    assert "of-another-guest" not in text
    first, second = parse_domain(text).devices.disks
    assert first.source == "/srv/instances/web1/disk"
    assert second.source == "/dev/mapper/mine-there"
    disk = etree.fromstring(text).findall("devices/disk")[1]
    assert disk.findtext("serial") == "4711"
    assert disk.find("readonly") is not None


def test_a_volume_may_become_a_file() -> None:
    there = Disk(
        type=DiskType.FILE,
        device=DiskDevice.DISK,
        driver_name="qemu",
        driver_type="raw",
        source_file="/srv/volume",
        target_dev="xvda",
        target_bus="xen",
    )
    text = destination_document(RUNNING, disks={"xvda": there})
    assert "/srv/base" not in text
    assert "/srv/instances/web1/disk" not in text
    assert parse_domain(text).devices.disks[0].source == "/srv/volume"


def test_a_card_is_plugged_in_the_destinations_way() -> None:
    there = Interface(
        bridge="br-there", interface_id="new", virtualport_type="openvswitch", mtu=9000
    )
    text = destination_document(RUNNING, interfaces={"00:16:3E:00:00:08": there})
    first, second = parse_domain(text).devices.interfaces
    assert first == Interface(
        mac="00:16:3e:00:00:08",
        bridge="br-there",
        interface_id="new",
        virtualport_type="openvswitch",
        model="e1000",
        mtu=1400,
    )
    assert second.bridge == "br-int"


def test_nothing_of_the_old_plug_remains() -> None:
    there = Interface(bridge="br9")
    text = destination_document(RUNNING, interfaces={"00:16:3e:00:00:09": there})
    for old in ("br-int", "vif-old", "tap-named", "interfaceid", "bandwidth"):
        assert old not in text


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (
            {"disks": {"xvdz": VOLUME}},
            "it has no disk xvdz that could be put elsewhere",
        ),
        (
            {"interfaces": {"00:16:3e:ff:ff:ff": Interface(bridge="b")}},
            "it has no network interface 00:16:3e:ff:ff:ff that could be put elsewhere",
        ),
    ],
)
def test_devices_that_are_not_there(given: dict[str, object], why: str) -> None:
    with pytest.raises(exceptions.MigrationRefused) as refused:
        made(RUNNING, **given)
    assert str(refused.value) == (
        f"Server web1 cannot be migrated to another host: {why}. Nothing was changed."
    )


@pytest.mark.parametrize("text", ["", "<domain>", "<network/>", "{}"])
def test_what_is_no_document(text: str) -> None:
    with pytest.raises(ValueError, match="no "):
        destination_document(text)


def test_an_entity_is_not_read() -> None:
    text = (
        "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
        "<domain type='xen'><name>&x;</name><devices/></domain>"
    )
    assert "&x;" in destination_document(text)


def test_the_guest_is_the_same_machine() -> None:
    """By what libvirt compares, with everything replaced that can be."""
    text = destination_document(
        RUNNING,
        listen="::1",
        disks={"xvda": VOLUME, "xvdb": VOLUME},
        interfaces={
            "00:16:3e:00:00:08": Interface(mac="00:16:3e:77:77:77", bridge="b"),
            "00:16:3e:00:00:09": Interface(mac="00:16:3e:88:88:88", bridge="b"),
        },
    )
    abi.check_same(etree.fromstring(RUNNING), etree.fromstring(text))


def test_twice_is_once() -> None:
    text = destination_document(RUNNING, listen="::1")
    assert destination_document(text, listen="::1") == text
