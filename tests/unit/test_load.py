# SPDX-License-Identifier: Apache-2.0
"""The driver from a nova.conf."""

import pathlib

import pytest

from nova_xen import config, exceptions, load_compute_driver
from nova_xen.config import migration_options
from nova_xen.driver import LibvirtDriver
from nova_xen.model import MigrationOptions, TimeoutAction

CLOUD = """
[DEFAULT]
compute_driver = {driver}
state_path = /srv/nova
max_concurrent_live_migrations = 3
transport_url = rabbit://openstack:secret@controller
[libvirt]
virt_type = {virt_type}
use_virtio_for_bridges = true
live_migration_scheme = ssh
live_migration_inbound_addr = 10.1.0.5
live_migration_tunnelled = true
live_migration_timeout_action = force_complete
live_migration_permit_post_copy = true
[vnc]
server_listen = 10.0.0.5
server_proxyclient_address = 10.0.0.5
[neutron]
auth_type = password
"""


def nova_conf(
    folder: pathlib.Path,
    driver: str = "libvirt.LibvirtDriver",
    virt_type: str = "xen",
) -> str:
    path = folder / "nova.conf"
    path.write_text(CLOUD.format(driver=driver, virt_type=virt_type))
    return str(path)


def test_the_two_lines_are_enough(tmp_path: pathlib.Path) -> None:
    driver = load_compute_driver(nova_conf(tmp_path))
    assert isinstance(driver, LibvirtDriver)
    options = driver._host.options
    assert options.instances_path == "/srv/nova/instances"
    assert options.vnc_listen == "10.0.0.5"


def test_novas_options_of_migrations_are_heeded(tmp_path: pathlib.Path) -> None:
    """One that libxl cannot have is let be."""
    options = migration_options(config.load([nova_conf(tmp_path)]))
    assert options == MigrationOptions(
        scheme="xen+ssh",
        inbound_addr="10.1.0.5",
        tunnelled=True,
        timeout_action=TimeoutAction.FORCE_COMPLETE,
        max_concurrent=3,
        peer_command=options.peer_command,
        restart_command=("systemctl", "restart", "libvirtd"),
    )
    assert options.peer_command[-4:] == ("root@%s", "nova-xen", "migration", "peer")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"virt_type": "kvm"}, "virt_type is kvm; nova-xen needs xen"),
        ({"driver": "fake.FakeDriver"}, "compute_driver is fake.FakeDriver"),
    ],
)
def test_another_hypervisor_is_refused(
    tmp_path: pathlib.Path, change: dict[str, str], words: str
) -> None:
    with pytest.raises(exceptions.InvalidConfig, match=words):
        load_compute_driver(nova_conf(tmp_path, **change))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(exceptions.InvalidConfig, match=r"nowhere\.conf"):
        load_compute_driver("/nowhere.conf")
