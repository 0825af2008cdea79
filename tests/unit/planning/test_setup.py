# SPDX-License-Identifier: Apache-2.0
"""By which way a guest is told: the whole table of requests, options and images."""

import itertools
from typing import Any

import pytest

from golden.builders import (
    BY_MODE,
    FOLDER,
    HVM,
    PV,
    flavor,
    image,
    iso,
    nic,
    options,
    plan,
)
from nova_xen import exceptions
from nova_xen.model import (
    ConfigDriveFormat,
    DiskFormat,
    DiskKind,
    GuestMode,
    GuestSetup,
    InjectedFile,
    Plan,
)
from unit.planning.keys import ED25519
from unit.planning.test_addresses import address

FILES = (InjectedFile(path="/etc/motd", content=b"hello\n"),)
SETUPS: dict[str, dict[str, Any]] = {
    "a host name": {"hostname": "web"},
    "SSH keys": {"ssh_keys": (ED25519,)},
    "an admin password": {"admin_password": "hunter2"},
    "files": {"files": FILES},
    "metadata": {"metadata": {"role": "web"}},
    "user data": {"user_data": b"#!/bin/sh\n"},
    "vendor data": {"vendor_data": {"a": 1}},
}
POLICIES = [None, "optional", "mandatory"]
DRIVE_ALONE = ("user data", "vendor data")


def why(made: Plan, element: str) -> str:
    (found,) = (r.why for r in made.reasons if r.element == element)
    return found


@pytest.mark.parametrize(
    ("asked", "forced", "policy"),
    list(itertools.product([False, True], [False, True], POLICIES)),
)
def test_who_gets_a_config_drive(asked: bool, forced: bool, policy: str | None) -> None:
    words = {**PV, **({"img_config_drive": policy} if policy else {})}
    made = plan(words, config_drive=asked, by=options(force_config_drive=forced))
    wanted = asked or forced or policy == "mandatory"
    assert (made.config_drive is not None) is wanted
    sources = [disk.source for disk in made.domain.devices.disks]
    assert (f"{FOLDER}/disk.config" in sources) is wanted


def test_a_policy_that_is_none() -> None:
    with pytest.raises(exceptions.InvalidProperty, match="img_config_drive=never"):
        plan({**PV, "img_config_drive": "never"})


@pytest.mark.parametrize("what", SETUPS)
@pytest.mark.parametrize("partition", [-2, -1, 0, 1, 7])
@pytest.mark.parametrize("drive", [False, True])
def test_the_way_of_everything(what: str, partition: int, drive: bool) -> None:
    by = options(inject_partition=partition, inject_key=True, inject_password=True)
    setup = GuestSetup(**SETUPS[what])
    if drive:
        made = plan(PV, by=by, setup=setup, config_drive=True)
        assert made.config_drive is not None
        assert made.injection is None
        assert why(made, "config drive").endswith(f"it tells the guest {what}")
    elif what in DRIVE_ALONE:
        with pytest.raises(exceptions.InvalidRequest) as refused:
            plan(PV, by=by, setup=setup)
        assert f"{what} reaches a guest by a config drive alone" in str(refused.value)
    elif partition == -2:
        with pytest.raises(exceptions.InvalidRequest) as refused:
            plan(PV, by=by, setup=setup)
        assert str(refused.value) == (
            f"Server web1 cannot be made as asked: what it is to be told ({what}) "
            "would not reach the guest; ask for a config drive (--config-drive), or "
            "set the option [libvirt] inject_partition to have them injected into its "
            "disk."
        )
    else:
        made = plan(PV, by=by, setup=setup)
        assert made.config_drive is None
        assert made.injection is not None
        assert made.injection.partition == partition
        assert f"inject_partition={partition}" in why(made, "injection/partition")


DNS = (address("192.0.2.53/32").address.ip,)
STATIC = (address("192.0.2.5/24"),)


@pytest.mark.parametrize(
    "given", [{"addresses": STATIC}, {"dns": DNS}, {"addresses": STATIC, "dns": DNS}]
)
def test_addresses_need_a_way_too(given: dict[str, Any]) -> None:
    nics = (nic(**given),)
    with pytest.raises(exceptions.InvalidRequest, match=r"told \(addresses\) would"):
        plan(PV, nics=nics)
    assert plan(PV, nics=nics, config_drive=True).config_drive
    by = options(inject_partition=1)
    if "addresses" in given:
        assert plan(PV, nics=nics, by=by).injection
    else:  # network files say it of an address, and DHCP of the rest
        with pytest.raises(exceptions.InvalidRequest, match="servers and no address"):
            plan(PV, nics=nics, by=by)


@pytest.mark.parametrize("partition", [-2, -1, 0, 3])
@pytest.mark.parametrize("drive", [False, True])
def test_nothing_to_tell(partition: int, drive: bool) -> None:
    by = options(inject_partition=partition)
    made = plan(PV, by=by, nics=(nic(),), config_drive=drive)
    assert made.injection is None
    assert (made.config_drive is not None) is drive


@pytest.mark.parametrize(
    ("what", "option"),
    [("SSH keys", "inject_key"), ("an admin password", "inject_password")],
)
def test_what_the_operator_has_to_allow(what: str, option: str) -> None:
    setup = GuestSetup(files=FILES, **SETUPS[what])
    off = options(inject_partition=-1)
    with pytest.raises(exceptions.InvalidRequest) as refused:
        plan(PV, by=off, setup=setup)
    assert f"while the option [libvirt] {option} is off" in str(refused.value)
    on = options(inject_partition=-1, **{option: True})
    assert plan(PV, by=on, setup=setup).injection is not None
    assert plan(PV, by=off, setup=setup, config_drive=True).config_drive is not None


@pytest.mark.parametrize(
    ("kernel", "line", "option", "partition"),
    [
        (None, None, -1, -1),
        (None, None, 0, 0),
        (None, None, 2, 2),
        ("/k", None, -1, 0),
        ("/k", None, 2, 0),
        ("/k", "root=/dev/xvda ro", 2, 0),
        ("/k", "root=/dev/xvda1 ro", -1, 1),
        ("/k", "ro root=/dev/xvda12", -1, 12),
        ("/k", "root=/dev/sda3", 0, 3),
        ("/k", "root=/dev/hda1 root=/dev/xvda2", 0, 2),
        ("/k", "xroot=/dev/xvda1", 2, 0),
        ("/k", "quiet root=/dev/xvda", 2, 0),
        ("/k", "root=/dev/xvdb1", 2, 2),
        ("/k", "root=LABEL=root", 2, 2),
        ("/k", "quiet root=UUID=3e6b-4f1", -1, -1),
        ("/k", "root=/dev/vg/root ro", -1, -1),
        ("/k", "root=/dev/xvda1x", 2, 2),
    ],
)
def test_where_it_is_injected(
    kernel: str | None, line: str | None, option: int, partition: int
) -> None:
    words = {**PV, **({"os_command_line": line} if line else {})}
    setup = GuestSetup(files=FILES)
    made = plan(
        words, kernel=kernel, setup=setup, by=options(inject_partition=option)
    ).injection
    assert made is not None
    assert made.partition == partition


@pytest.mark.parametrize("disk_format", DiskFormat)
@pytest.mark.parametrize("mode", GuestMode)
def test_into_which_disk(mode: GuestMode, disk_format: DiskFormat) -> None:
    made = plan(
        image=image(BY_MODE[mode], disk_format=disk_format),
        by=options(inject_partition=1, use_cow_images=False),
        flavor=flavor(ephemeral_gib=1, swap_mib=64),
        setup=GuestSetup(files=FILES),
    ).injection
    assert made is not None
    assert (made.path, made.format) == (f"{FOLDER}/disk", disk_format)


@pytest.mark.parametrize("root_gib", [0, 4])
def test_an_iso_has_nothing_to_inject_into(root_gib: int) -> None:
    given: dict[str, Any] = {"image": iso(HVM), "flavor": flavor(root_gib=root_gib)}
    setup = GuestSetup(files=FILES)
    with pytest.raises(exceptions.InvalidRequest, match="the image is an ISO and"):
        plan(by=options(inject_partition=-1), setup=setup, **given)
    assert plan(config_drive=True, setup=setup, **given).config_drive


@pytest.mark.parametrize("drive_format", ConfigDriveFormat)
def test_what_linux_calls_the_disks(drive_format: ConfigDriveFormat) -> None:
    drive = plan(
        image=iso(HVM),
        flavor=flavor(swap_mib=64),
        by=options(config_drive_format=drive_format),
        config_drive=True,
    ).config_drive
    assert drive is not None
    assert (drive.path, drive.format) == (f"{FOLDER}/disk.config", drive_format)
    assert drive.devices == {
        DiskKind.ROOT: "/dev/xvda",
        DiskKind.CDROM: "/dev/xvdb",
        DiskKind.SWAP: "/dev/xvdc",
    }


def test_no_secret_is_in_a_reason_or_in_the_document() -> None:
    from nova_xen.domain import format_domain

    secret = GuestSetup(
        admin_password="hunter2",
        files=(InjectedFile(path="/s", content=b"hunter2"),),
        user_data=b"hunter2",
        metadata={"m": "hunter2"},
    )
    made = plan(PV, config_drive=True, setup=secret)
    assert "hunter2" not in format_domain(made.domain)
    assert "hunter2" not in repr(made.reasons)
    quiet = repr(plan(PV, config_drive=True, setup=GuestSetup(**SETUPS["user data"])))
    assert "/bin/sh" not in quiet
