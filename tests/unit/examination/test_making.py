# SPDX-License-Identifier: Apache-2.0
"""Boot files, programs, libguestfs, consoles and bridges looked for."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from nova_xen.examination import appliance, boot, console, network, programs
from nova_xen.examination.places import Places
from nova_xen.hypervisor import BootPaths
from nova_xen.hypervisor.device_model import PATHS
from nova_xen.model import BridgeFacts, DiskFormat, GuestMode
from nova_xen.model.doctor import ApplianceFacts, GuestfsModule, Program
from unit.examination.conftest import Put

Make = Callable[[str, str], str]


def test_boot_files_and_the_options_that_name_them(put: Put) -> None:
    pvgrub = str(put("/grub.bin"))
    paths = dataclasses.replace(BootPaths(), pvgrub=(pvgrub,), pvhgrub=("/nowhere",))
    facts = boot.boot_file_facts(paths, frozenset({GuestMode.PV}), "pygrub")
    assert facts.files.pvgrub == pvgrub
    assert facts.files.pvhgrub is None
    assert facts.looked["pvhgrub"] == ("/nowhere",)
    assert facts.named == {"pvgrub", "pvhgrub"}
    assert facts.modes == frozenset({GuestMode.PV})
    assert facts.pv_bootloader == "pygrub"


WITHOUT = """case "$5" in *driver=vpc,*) why="Unknown driver 'vpc'";;
*) why="Image is not in qcow2 format";; esac
echo "qemu: -blockdev $5: $why" >&2; exit 1"""


def test_a_device_model_without_a_format(program: Make) -> None:
    path = program("qemu", WITHOUT)
    facts = boot.device_model_facts((path,))
    assert (facts.program, facts.lacking) == (path, (DiskFormat.VHD,))
    assert (facts.unknown, facts.option) == ({}, True)


def test_no_device_model(tmp_path: Path) -> None:
    facts = boot.device_model_facts((str(tmp_path / "none"),))
    assert (facts.program, facts.lacking, facts.unknown) == (None, (), {})
    assert not boot.device_model_facts(PATHS).option


def test_a_device_model_that_hangs(
    program: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nova_xen.hypervisor.device_model._TIMEOUT", 0.2)
    facts = boot.device_model_facts((program("qemu", "exec sleep 600"),))
    assert facts.lacking == ()
    assert facts.unknown == dict.fromkeys(DiskFormat, "it gave no answer within 0.2 s")


def test_a_device_model_that_cannot_be_run(put: Put) -> None:
    facts = boot.device_model_facts((str(put("/qemu", "#!/bin/sh\n")),))
    assert set(facts.unknown) == set(DiskFormat)
    assert "Permission denied" in facts.unknown[DiskFormat.VHD]


def test_programs(program: Make, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program("x-there", "exit 0")
    monkeypatch.setenv("PATH", str(root / "bin"))
    there, gone = Program("x-there", "p", "w"), Program("x-gone", "p", "w")
    facts = programs.program_facts([there, gone, there])
    assert facts.programs == (there, gone)
    assert facts.found == {"x-there": path}


def put_guestfs(put: Put, suffix: str = "") -> None:
    put(f"{appliance.DEBIAN}/guestfs.py", "raise SystemExit('imported')\n")
    name = suffix or EXTENSION_SUFFIXES[0]
    put(f"{appliance.DEBIAN}/libguestfsmod{name}")


@pytest.mark.parametrize(
    ("suffix", "found"),
    [
        (None, GuestfsModule.MISSING),
        ("", GuestfsModule.FOUND),
        (".cpython-27-x86_64-linux-gnu.so", GuestfsModule.ANOTHER),
    ],
)
def test_libguestfs_is_looked_for_and_not_imported(
    places: Places, put: Put, suffix: str | None, found: GuestfsModule
) -> None:
    if suffix is not None:
        put_guestfs(put, suffix)
    path = [str(places.at(appliance.DEBIAN))]
    assert appliance.guestfs_module(path) is found
    assert "guestfs" not in sys.modules


def test_what_libguestfs_needs(
    places: Places, put: Put, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    put_guestfs(put)
    put("/boot/vmlinuz-6.1")
    put("/boot/vmlinuz-6.2")
    put("/boot/xen-4.17.gz")
    put("/lib/modules/6.2/modules.dep")
    put(appliance.EMULATOR, mode=0o755)
    cache = root / "cache"
    facts = appliance.appliance_facts(-1, str(cache), places)
    assert facts.module is GuestfsModule.FOUND
    assert [
        (Path(each.path).name, each.readable, each.modules) for each in facts.kernels
    ] == [("vmlinuz-6.1", True, False), ("vmlinuz-6.2", True, True)]
    assert facts.emulates
    assert facts.free
    assert not facts.cache_open
    (cache / ".guestfs-0/appliance.d").mkdir(parents=True)
    cache.chmod(0o700)
    built = appliance.appliance_facts(-1, str(cache), places)
    assert (built.free, built.cache_open) == (None, False)
    cache.chmod(0o770)
    assert appliance.appliance_facts(-1, str(cache), places).cache_open


def test_libguestfs_on_a_host_that_has_nothing(
    places: Places, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("PATH", str(root))
    facts = appliance.appliance_facts(0, str(root / "cache"), places)
    assert facts.module is GuestfsModule.MISSING
    assert (facts.kernels, facts.supermin, facts.emulates) == ((), False, False)


def test_nothing_is_looked_at_where_nothing_is_injected(
    places: Places, put: Put
) -> None:
    put("/boot/vmlinuz-6.1")
    assert appliance.appliance_facts(0, "/nowhere", places).kernels
    assert appliance.appliance_facts(-2, "/nowhere", places) == ApplianceFacts(
        partition=-2
    )


def xenconsoled(put: Put, *options: str) -> None:
    put(
        "/proc/7/cmdline",
        "\0".join(["/usr/lib/xen-4.17/bin/xenconsoled", *options, ""]),
    )


def test_consoles(places: Places, put: Put, tmp_path: Path) -> None:
    put("/proc/1/cmdline", "/sbin/init\0")
    assert not console.console_facts(places).running
    xenconsoled(put)
    facts = console.console_facts(places)
    assert (facts.running, facts.folder, facts.exists) == (True, None, False)
    xenconsoled(put, "--log=guest", f"--log-dir={tmp_path}/logs")
    facts = console.console_facts(places)
    assert (facts.folder, facts.exists) == (f"{tmp_path}/logs", False)
    (tmp_path / "logs").mkdir()
    assert console.console_facts(places).exists


def test_bridges_and_their_scripts(places: Places, put: Put, root: Path) -> None:
    assert network.network_facts(None, places).scripts == ()
    put("/sys/class/net/br0/bridge/bridge_id")
    put("/sys/class/net/br0/mtu", "9000\n")
    (script,) = network.network_facts(None, places).scripts
    assert script.path == f"{root}/etc/xen/scripts/vif-bridge"
    assert (script.exists, script.executable) == (False, False)
    put("/etc/xen/scripts/vif-bridge")
    facts = network.network_facts(None, places)
    assert facts.bridges["br0"].mtu == 9000
    assert (facts.scripts[0].exists, facts.scripts[0].executable) == (True, False)
    put("/etc/xen/scripts/vif-bridge", mode=0o755)
    assert network.network_facts(None, places).scripts[0].executable


def test_the_script_of_open_vswitch(
    places: Places, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = BridgeFacts(name="br-int", mtu=1500, openvswitch=True)
    monkeypatch.setattr(network, "host_bridges", lambda _path: {"br-int": bridge})
    (script,) = network.network_facts(None, places).scripts
    assert script.path == f"{root}/etc/xen/scripts/vif-openvswitch"


def test_a_script_that_the_option_names(places: Places, put: Put, root: Path) -> None:
    put("/sys/class/net/br0/bridge/bridge_id")
    own = str(put("/own-script", mode=0o755))
    (by_path,) = network.network_facts(own, places).scripts
    assert (by_path.path, by_path.exists, by_path.why) == (
        own,
        True,
        "the option [xen] vif_script",
    )
    (by_name,) = network.network_facts("vif-nat", places).scripts
    assert by_name.path == f"{root}/etc/xen/scripts/vif-nat"
