# SPDX-License-Identifier: Apache-2.0
"""What every domain of the host has, ours or not."""

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import Connection
from nova_xen.hypervisor.holdings import take_holdings
from nova_xen.testing import FakeHost

STRANGE = """
<domain type='xen'>
  <name>{0}</name><memory>1024</memory>
  <os><type>linux</type><kernel>/k</kernel></os>
  <devices>
    <disk type='network' device='disk'>
      <driver name='qemu'/><source protocol='rbd' name='p/i'/><target dev='xvda'/>
    </disk>
    <disk type='block' device='disk'>
      <driver name='phy'/><source dev='/dev/sdb'/><target dev='xvdb'/><readonly/>
    </disk>
    <interface type='bridge'>
      <mac address='00:16:3e:00:00:01'/><source bridge='br0'/>
    </interface>
  </devices>
</domain>
"""
NIC = """
<interface type='bridge'>
  <mac address='00:16:3e:00:00:02'/><source bridge='br0'/>
</interface>
"""


@pytest.fixture
def fake() -> FakeHost:
    return FakeHost(exists=lambda path: True)


@pytest.fixture
def connection(fake: FakeHost) -> Connection:
    return Connection(opener=lambda uri: fake.connect())


def test_both_documents_of_what_runs(fake: FakeHost, connection: Connection) -> None:
    domain = fake.connect().defineXML(STRANGE.format("a"))
    domain.create()
    domain.attachDeviceFlags(NIC, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    fake.connect().defineXML(STRANGE.format("b"))
    found = {
        (each.server, each.now): each.holding for each in take_holdings(connection)
    }
    assert set(found) == {("a", True), ("a", False), ("b", False)}
    first = "00:16:3e:00:00:01"
    assert found["a", True].macs == (first, "00:16:3e:00:00:02")
    assert found["a", False].macs == found["b", False].macs == (first,)
    network, block = found["b", False].disks
    assert (network.source, network.target_dev, network.readonly) == (
        None,
        "xvda",
        False,
    )
    assert (block.source, block.driver_type) == ("/dev/sdb", "raw")
    assert block.readonly


def test_one_that_vanishes_holds_nothing(
    fake: FakeHost, connection: Connection
) -> None:
    fake.connect().defineXML(STRANGE.format("a"))
    fake.connect().defineXML(STRANGE.format("b"))
    fake.fail_next("XMLDesc", libvirt.VIR_ERR_NO_DOMAIN, "no domain", guest="a")
    assert [each.server for each in take_holdings(connection)] == ["b"]


def test_one_that_cannot_be_read_is_told(
    fake: FakeHost, connection: Connection
) -> None:
    fake.connect().defineXML(STRANGE.format("a"))
    fake.fail_next("XMLDesc", libvirt.VIR_ERR_INTERNAL_ERROR, "internal error: no")
    with pytest.raises(exceptions.HypervisorError, match="of server a: internal"):
        list(take_holdings(connection))
