# SPDX-License-Identifier: Apache-2.0
"""Any request on any host: sensible ones, senseless ones and hostile ones."""

from ipaddress import ip_address, ip_interface

from hypothesis import strategies as st

from golden.builders import BOOT_FILES, MODES, UUID
from nova_xen.model import (
    GIB,
    BootFiles,
    BridgeFacts,
    ConfigDriveFormat,
    DiskFormat,
    Flavor,
    GuestSetup,
    HostFacts,
    Image,
    InjectedFile,
    Instance,
    Nic,
    NicAddress,
    PlanOptions,
)
from unit.planning.keys import ED25519, RSA

HOSTILE = st.sampled_from(
    ["", "nonsense", "%(server)s", "100%", "\x00", "\x1b[2J", "\ud800", "None", "ü"]
)


def capitals(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return words.map(str.upper)


def word(*usual: str) -> st.SearchStrategy[str]:
    """Mostly a usual word, sometimes in capitals, sometimes a hostile one."""
    plain = st.sampled_from(usual)
    return st.integers(0, 15).flatmap(
        lambda die: HOSTILE if die == 7 else plain.map(str.upper) if die > 12 else plain
    )


BOOLEAN = word("true", "false", "1", "0")
PROPERTIES = {
    "vm_mode": word("xen", "pv", "hvm", "hv", "pvh", "kvm"),
    "hw_vm_mode": word("xen", "pv", "hvm", "hv"),
    "hw_machine_type": word("xenpv", "xenfv", "xenpvh", "q35"),
    "hypervisor_type": word("xen", "kvm"),
    "architecture": word("x86_64", "aarch64"),
    "hw_firmware_type": word("bios", "uefi"),
    "os_secure_boot": word("required", "optional", "disabled"),
    "hw_disk_bus": word("xen", "ide", "virtio", "scsi"),
    "hw_cdrom_bus": word("xen", "ide", "usb"),
    "hw_vif_model": word("netfront", "e1000", "rtl8139", "virtio"),
    "hw_video_model": word("cirrus", "vga", "xen", "qxl"),
    "hw_video_ram": word("8", "16", "64", "1", "²", "-16"),
    "hw_pointer_model": word("usbtablet", "ps2mouse"),
    "os_command_line": word("root=/dev/xvda1 ro", "a\nb"),
    "os_type": word("windows", "linux"),
    "hw_tpm_version": word("2.0"),
    "hw_watchdog_action": word("reset", "disabled"),
    "hw_mem_encryption": BOOLEAN,
    "hw_numa_nodes": word("1", "2"),
    "hw_scsi_model": word("virtio-scsi"),
    "img_config_drive": word("optional", "mandatory", "never"),
    "anything": word("at all"),
}
NUMBERS = word("1", "100", "65536", "50000", "-1", "0", "1_000", "٣", "1e3")
EXTRA_SPECS = {
    "quota:cpu_shares": NUMBERS,
    "quota:cpu_quota": NUMBERS,
    "quota:cpu_period": NUMBERS,
    "quota:disk_read_iops_sec": NUMBERS,
    "quota:vif_outbound_average": NUMBERS,
    "hw:cpu_policy": word("dedicated", "shared"),
    "hw:mem_page_size": word("large", "any"),
    "hw_video:ram_max_mb": NUMBERS,
    "os:secure_boot": word("required", "disabled"),
    "aggregate:anything": word("at all"),
}


def some(choices: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[dict]:  # type: ignore[type-arg]
    """A few of the choices, so that some requests get through."""
    few = st.lists(st.sampled_from(sorted(choices)), max_size=3, unique=True)
    return few.flatmap(
        lambda keys: st.fixed_dictionaries({k: choices[k] for k in keys})
    )


def usually(value: object, *others: object) -> st.SearchStrategy[object]:
    """``value`` nearly always, so that most requests have few faults."""
    return st.integers(0, 39).flatmap(
        lambda die: st.sampled_from(others) if die == 17 else st.just(value)
    )


def rarely(value: object, *others: object) -> st.SearchStrategy[object]:
    """``value`` mostly, so that most requests have few of these things."""
    return st.integers(0, 19).flatmap(
        lambda die: st.sampled_from(others) if die == 5 else st.just(value)
    )


SETUPS = st.builds(
    GuestSetup,
    hostname=rarely(None, "web", "web.example.org", "", "a_b", "\ud800"),
    ssh_keys=rarely((), (ED25519,), (ED25519, RSA), ("\x00",), ("ssh-rsa x",)),
    admin_password=rarely(None, "secret", "", "a\nb", "\ud800"),
    files=rarely(
        (),
        (InjectedFile(path="/etc/motd", content=b"x"),),
        (InjectedFile(path="/etc/motd", content=b"x", mode=0o600),) * 2,
        (InjectedFile(path="../\x1b[2J", content=b""),),
        (InjectedFile(path="/\ud800", content=b""),),
    ),
    metadata=rarely({}, {"role": "web"}, {"\x00": "x"}, {"a": "\ud800"}),
    user_data=rarely(None, b"#!/bin/sh", b""),
    vendor_data=rarely(None, {"a": 1}, {"a": object()}),
)
ROUTER = ip_address("fe80::1")
ADDRESSES = rarely(
    (),
    (NicAddress(address=ip_interface("192.0.2.5/24")),),
    (NicAddress(address=ip_interface("2001:db8::5/64"), gateway=ROUTER),),
    (NicAddress(address=ip_interface("192.0.2.5/24"), gateway=ROUTER),),
    (NicAddress(address=ip_interface("0.0.0.0/0")),),
)
IMAGES = st.builds(
    Image,
    path=usually("/srv/images/i.img", "", "/srv/\x01"),
    disk_format=st.sampled_from(DiskFormat),
    virtual_size=usually(2 * GIB, 0, 1, 3000 * GIB),
    id=usually("", UUID, "\x00"),
    iso=st.sampled_from([False, False, False, True]),
    min_disk=usually(0, 3, 50),
    min_ram=usually(0, 512, 4096),
    properties=some(PROPERTIES),
)
FLAVORS = st.builds(
    Flavor,
    vcpus=st.sampled_from([1, 2, 4]) | usually(1, 0, -1, 64, 129, 513),
    memory_mib=usually(512, 1024, 0, -5, 15, 10**6),
    root_gib=st.sampled_from([0, 4]) | usually(4, 1, -1, 2041),
    ephemeral_gib=st.sampled_from([0, 5]) | usually(0, -1),
    swap_mib=st.sampled_from([0, 512]) | usually(0, -1),
    name=usually("small", "<&>", "\x07"),
    extra_specs=some(EXTRA_SPECS),
)
NICS = st.builds(
    Nic,
    bridge=usually("br0", "br-int", "br-none", "", "../x"),
    mac=st.integers(0, 9).map(lambda n: f"00:16:3E:00:00:0{n}")
    | usually("00:16:3e:0a:0b:0c", "01:16:3e:00:00:04", "00163e000005", ""),
    model=usually(None, "netfront", "e1000", "virtio", "\x00"),
    mtu=usually(None, 1500, 1400, 9000, 67, -1, 65536),
    script=usually(None, "vif-route", "/etc/xen/scripts/vif-nat", "../../tmp/x", "a b"),
    target_dev=usually(None, "tap0", "tap12345678-ab", "vif1.0", "x" * 16, "a/b", "ü"),
    interface_id=usually(None, UUID, UUID.upper(), "port", "\x00"),
    addresses=ADDRESSES,
    dns=rarely((), (ip_address("192.0.2.53"),), (ip_address("::"),)),
)
INSTANCES = st.builds(
    Instance,
    name=usually("web1", "../etc", "", "a" * 201, UUID, "7", "Domain-0", "a\nb", "ü"),
    uuid=usually(UUID, "", "../../etc", UUID.upper(), "0" * 32),
    image=IMAGES,
    flavor=FLAVORS,
    nics=st.lists(NICS, max_size=3).map(tuple),
    kernel=st.sampled_from([None, None, "/srv/vmlinuz"]),
    ramdisk=usually(None, "/srv/initrd"),
    os_type=usually(None, "windows", "\x00"),
    vnc_password=usually(None, "secret", "", "123456789", "\x01"),
    creation_time=usually("2024-01-02 03:04:05", ""),
    setup=SETUPS | st.just(GuestSetup()),
    config_drive=st.booleans(),
)
BRIDGES = {
    "br0": BridgeFacts(name="br0", mtu=1500),
    "br-int": BridgeFacts(name="br-int", mtu=9000, openvswitch=True),
}
MODE_SETS = st.sets(st.sampled_from(list(MODES))).map(
    lambda modes: {mode: MODES[mode] for mode in modes}
)
HOSTS = st.builds(
    HostFacts,
    hostname=st.just("xen1"),
    arch=st.just("x86_64"),
    xen_version=st.just(4_017_000),
    libvirt_version=st.just(9_000_000),
    modes=st.integers(0, 7).flatmap(
        lambda die: MODE_SETS if die == 7 else st.just(MODES)
    ),
    cpus=st.just(4),
    memory_mib=st.just(8192),
    free_memory_mib=usually(4096, 0, 100),
    autoballoon=st.booleans(),
    scheduler=usually("credit2", "credit", "null", ""),
    bridges=usually(BRIDGES, {}),
    boot_files=usually(BOOT_FILES, BootFiles()),
    console_log_dir=usually("/var/log/xen/console", None),
)
OPTIONS = st.builds(
    PlanOptions,
    instances_path=st.just("/var/lib/nova/instances"),
    vnc_enabled=st.booleans(),
    vnc_listen=st.sampled_from(["127.0.0.1", "::1", "192.0.2.1", "xen1.example.org"]),
    usb_tablet=st.booleans(),
    use_cow_images=st.booleans(),
    images_type=st.sampled_from(["default", "raw", "flat", "qcow2"]),
    pv_bootloader=st.sampled_from(["pvgrub", "pygrub"]),
    cpuset=usually(None, "0-3,^2"),
    vif_script=usually(None, "vif-nat"),
    config_drive_format=st.sampled_from(ConfigDriveFormat),
    force_config_drive=st.booleans(),
    inject_partition=st.sampled_from([-2, -1, 0, 1, 3]),
    inject_key=st.booleans(),
    inject_password=st.booleans(),
)
