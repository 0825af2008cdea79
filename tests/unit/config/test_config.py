# SPDX-License-Identifier: Apache-2.0
"""Configuration files, and what becomes of their values."""

import pathlib

import pytest
from oslo_config import cfg

from nova_xen import config, exceptions
from nova_xen.model import (
    GIB,
    ConfigDriveFormat,
    ImageOptions,
    InventoryOptions,
    PlanOptions,
    VhdSubformat,
)


@pytest.fixture
def write(tmp_path: pathlib.Path) -> "Write":
    return Write(tmp_path / "nova.conf")


class Write:
    """Writes a configuration file and reads it."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def __call__(self, text: str) -> cfg.ConfigOpts:
        self.path.write_text(text, "utf-8")
        return config.load([str(self.path)])


def test_defaults() -> None:
    assert config.plan_options(config.load()) == PlanOptions(
        instances_path="/var/lib/nova/instances"
    )


def test_values_of_a_nova_conf(write: "Write") -> None:
    conf = write(
        """
[DEFAULT]
compute_driver = libvirt.LibvirtDriver
state_path = /srv/nova
use_cow_images = false
config_drive_format = vfat
force_config_drive = true
pointer_model = ps2mouse
transport_url = rabbit://nova:secret@controller
[compute]
cpu_shared_set = 2-7, ^4
[libvirt]
virt_type = xen
images_type = raw
inject_partition = -1
inject_key = true
inject_password = true
cpu_mode = none
[vnc]
enabled = false
server_listen = 192.0.2.1
[xen]
pv_bootloader = pygrub
vif_script = vif-route
"""
    )
    config.require_xen(conf)
    assert config.plan_options(conf) == PlanOptions(
        instances_path="/srv/nova/instances",
        vnc_enabled=False,
        vnc_listen="192.0.2.1",
        usb_tablet=False,
        use_cow_images=False,
        images_type="raw",
        pv_bootloader="pygrub",
        cpuset="2-7,^4",
        vif_script="vif-route",
        config_drive_format=ConfigDriveFormat.VFAT,
        force_config_drive=True,
        inject_partition=-1,
        inject_key=True,
        inject_password=True,
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[DEFAULT]\ncompute_driver = fake.FakeDriver", "compute_driver is fake.Fake"),
        (
            "[libvirt]\nvirt_type = kvm",
            "virt_type is kvm; nova-xen needs xen",
        ),
    ],
)
def test_configurations_of_others(write: "Write", text: str, why: str) -> None:
    with pytest.raises(exceptions.InvalidConfig) as refused:
        config.require_xen(write(text))
    assert why in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "[libvirt]\nimages_type = zfs",
        "[DEFAULT]\nreserved_host_memory_mb = -1",
        "[DEFAULT]\nram_allocation_ratio = -1",
        "[xen]\nshutdown_timeout = -1",
        "[xen]\ncreate_timeout = soon",
        "[xen]\nguestfs_memory = 64",
        "[DEFAULT]\nconfig_drive_format = ext4",
        "[libvirt]\ninject_partition = -3",
        "[vnc]\nserver_listen = a b",
        "[vnc]\nenabled = perhaps",
        "no section",
    ],
)
def test_values_that_cannot_be(write: "Write", text: str) -> None:
    with pytest.raises(exceptions.InvalidConfig) as refused:
        write(text)
    sentence = str(refused.value)
    assert sentence.startswith("The configuration is wrong: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_missing_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(exceptions.InvalidConfig, match=r"missing\.conf"):
        config.load([str(tmp_path / "missing.conf")])


@pytest.mark.parametrize("path", ["instances", "/srv/a,b", "/srv/\x07", ""])
def test_paths_that_would_be_cut_off(write: "Write", path: str) -> None:
    conf = write(f"[DEFAULT]\ninstances_path = {path}\n")
    with pytest.raises(exceptions.InvalidConfig, match="instances_path is"):
        config.plan_options(conf)


@pytest.mark.parametrize("path", ["/srv/nova", "/srv/nova/", "/srv/größe x"])
def test_other_paths_are_taken(write: "Write", path: str) -> None:
    conf = write(f"[DEFAULT]\ninstances_path = {path}\n")
    assert config.plan_options(conf).instances_path == path.rstrip("/")


@pytest.mark.parametrize(
    ("given", "cpuset"),
    [("", None), ("0", "0"), ("0-3,^2", "0-3,^2"), (" 0 , 2-3 ", "0,2-3")],
)
def test_cpu_lists(write: "Write", given: str, cpuset: str | None) -> None:
    conf = write(f"[compute]\ncpu_shared_set = {given}\n")
    assert config.plan_options(conf).cpuset == cpuset


@pytest.mark.parametrize("given", ["all", "1-", "-1", "1,,2", "^1-2", "٣"])
def test_lists_that_are_none(write: "Write", given: str) -> None:
    conf = write(f"[compute]\ncpu_shared_set = {given}\n")
    with pytest.raises(exceptions.InvalidConfig, match="must be a list such as 2-7"):
        config.plan_options(conf)


@pytest.mark.parametrize(
    ("override", "option", "uri"),
    [
        (None, "", "xen:///system"),
        (None, "xen+tcp://a/system", "xen+tcp://a/system"),
        ("xen+ssh://b/system", "xen+tcp://a/system", "xen+ssh://b/system"),
    ],
)
def test_uri(write: "Write", override: str | None, option: str, uri: str) -> None:
    conf = write(f"[libvirt]\nconnection_uri = {option}\n")
    assert config.connection_uri(conf, override) == uri


def test_defaults_of_images() -> None:
    assert config.image_options(config.load()) == ImageOptions()


def test_options_of_images(write: "Write") -> None:
    conf = write(
        """
[DEFAULT]
force_raw_images = false
preallocate_images = space
[image_cache]
remove_unused_base_images = false
remove_unused_original_minimum_age_seconds = 7
[xen]
vhd_subformat = fixed
image_attempts = 2
image_timeout = 3
image_limit_gib = 4
image_cache_limit_gib = 5
"""
    )
    assert config.image_options(conf) == ImageOptions(
        attempts=2,
        timeout=3,
        largest=4 * GIB,
        remove_unused=False,
        minimum_age=7,
        cache_limit=5 * GIB,
    )
    plan = config.plan_options(conf)
    assert (plan.force_raw_images, plan.preallocate) == (False, True)
    assert plan.vhd_subformat is VhdSubformat.FIXED


def test_defaults_of_resources() -> None:
    assert config.inventory_options(config.load()) == InventoryOptions()


def test_options_of_resources(write: "Write") -> None:
    conf = write(
        """
[DEFAULT]
reserved_host_memory_mb = 2048
reserved_host_cpus = 1
reserved_host_disk_mb = 3
cpu_allocation_ratio = 0.0
initial_cpu_allocation_ratio = 16
ram_allocation_ratio = 1.5
initial_ram_allocation_ratio = 2
initial_disk_allocation_ratio = 3.0
"""
    )
    assert config.inventory_options(conf) == InventoryOptions(
        reserved_memory_mib=2048,
        reserved_cpus=1,
        reserved_disk_mib=3,
        cpu_allocation_ratio=16.0,
        ram_allocation_ratio=1.5,
        disk_allocation_ratio=3.0,
    )


@pytest.mark.parametrize(
    ("reserved", "shared", "possible"),
    [("1", "", True), ("0", "0-3", True), ("1", "0-3", False)],
)
def test_cpus_are_reserved_in_one_way(
    write: "Write", reserved: str, shared: str, possible: bool
) -> None:
    conf = write(
        f"[DEFAULT]\nreserved_host_cpus = {reserved}\n"
        f"[compute]\ncpu_shared_set = {shared}\n"
    )
    if possible:
        assert config.inventory_options(conf).reserved_cpus == int(reserved)
    else:
        with pytest.raises(exceptions.InvalidConfig, match="are both set"):
            config.inventory_options(conf)
