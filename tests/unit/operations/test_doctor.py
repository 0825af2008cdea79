# SPDX-License-Identifier: Apache-2.0
"""The whole examination: a sound host, one that has nothing, and what hangs."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from nova_xen import config, exceptions
from nova_xen.examination import clock, console
from nova_xen.examination.places import Places
from nova_xen.hypervisor import BootPaths, Connection, Deadlines
from nova_xen.injection.options import InjectionOptions
from nova_xen.model import PlanOptions
from nova_xen.model.doctor import ClockFacts, Finding, LeftoverFacts, Severity
from nova_xen.operations import doctor
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost

BOOT = ("hvmloader", "ovmf", "pvgrub", "pvhgrub", "pygrub")
CHECKS = (
    *("user", "libvirt", "xl", "xen", "dom0-memory", "autoballoon", "dom0-cpus"),
    *("guest-types", "pv-live", "boot-files", "device-model", "programs", "injection"),
    *("console-log", "bridges", "vif-script", "migration-uri", "migration-programs"),
    *("migration-ports", "instances-path", "migration-state", "clock", "unsettled"),
    "unfinished",
)
INFO = """xen_version            : 4.17.7
nr_cpus                : 2
total_memory           : 4095
virt_caps              : pv hvm hap shadow
xen_commandline        : dom0_mem=2048M,max:2048M"""
MOUNT = "1 2 3:4 / / rw - ext4 /dev/sda1 rw\n"


class Scene:
    """A host below a folder, and its examination."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.fake = FakeHost(exists=lambda path: True)
        self.opener: Callable[[str], Any] = self.fake.connect
        self.conf = config.load()
        self.set("live_migration_scheme", "ssh", "libvirt")
        self.set("migration_state_path", str(folder / "state"), "xen")
        self.unsettled: doctor.Unsettled = LeftoverFacts
        self.options = PlanOptions(instances_path=str(folder / "instances"))
        self.xl = "no-such-program"

    def set(self, name: str, value: Any, group: str | None = None) -> None:
        self.conf.set_override(name, value, group=group)

    def put(self, path: str, text: str = "", *, mode: int = 0o644) -> str:
        file = self.root / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return str(file)

    def host(self) -> Host:
        boot = {name: (str(self.root / "boot-files" / name),) for name in BOOT}
        return Host(
            connection=Connection(
                opener=self.opener,
                deadlines=Deadlines(open=1, query=1),
                sleep=lambda seconds: None,
            ),
            options=self.options,
            boot_paths=BootPaths(**boot),
            device_model_paths=(str(self.root / "bin/qemu"),),
            injection=InjectionOptions(cache_dir=str(self.root / "cache")),
        )

    def examine(self, patience: float = 60) -> tuple[Finding, ...]:
        places = Places(root=self.root, xl=self.xl)
        return doctor.examine(
            self.host(), self.conf, self.unsettled, places=places, patience=patience
        )

    def make_sound(self) -> None:
        """Give the host all that the checks look for."""
        script = f"#!/bin/sh\n/bin/cat <<'END'\n{INFO}\nEND\n"
        self.xl = self.put("/bin/xl", script, mode=0o755)
        self.put("/bin/qemu", "#!/bin/sh\nexit 1\n", mode=0o755)
        for name in BOOT:
            self.put(f"/boot-files/{name}")
        self.put("/proc/meminfo", "MemTotal: 2000000 kB\n")
        self.put("/proc/net/tcp", "head\n")
        self.put("/proc/self/mountinfo", MOUNT)
        logs = self.put("/logs/guest-a.log")
        line = f"xenconsoled\0--log=guest\0--log-dir={os.path.dirname(logs)}\0"
        self.put("/proc/7/cmdline", line)
        self.put("/sys/class/net/br0/bridge/bridge_id")
        self.put("/etc/xen/scripts/vif-bridge", mode=0o755)
        for name in ("qemu-img", "setpriv", "prlimit", "mkfs.ext4", "mkswap", "ssh"):
            self.put(f"/bin/{name}", "#!/bin/sh\n", mode=0o755)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    made = Scene(tmp_path)
    monkeypatch.setenv("PATH", str(made.root / "bin"))
    monkeypatch.setattr("nova_xen.images.tools.tool._SBIN", ())
    monkeypatch.setattr(clock, "clock_facts", lambda: ClockFacts(synchronised=True))
    yield made
    made.fake.release()


def wrong(findings: tuple[Finding, ...]) -> dict[str, Severity]:
    return {
        each.check: each.severity
        for each in findings
        if each.severity is not Severity.OK and each.check != "user"
    }


def refused(_uri: str) -> object:
    error = libvirt.libvirtError("no socket")
    error.err = (38, 7, "no socket", 2, "", None, None, 2, -1)
    raise error


def test_a_sound_host(scene: Scene) -> None:
    scene.make_sound()
    findings = scene.examine()
    assert wrong(findings) == {}
    assert list(dict.fromkeys(each.check for each in findings)) == list(CHECKS)
    assert "Xen is 4.17.7." in [each.sentence for each in findings]


def contents(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


def test_nothing_is_changed(scene: Scene, tmp_path: Path) -> None:
    scene.make_sound()
    scene.options = dataclasses.replace(scene.options, inject_partition=-1)
    before = contents(tmp_path)
    scene.examine()
    assert contents(tmp_path) == before


def test_a_host_that_has_nothing(scene: Scene) -> None:
    """Each check is made that needs none of it, and says what is missing."""
    scene.opener = refused
    findings = scene.examine()
    assert wrong(findings) == {
        "libvirt": Severity.PROBLEM,
        "xl": Severity.PROBLEM,
        "xen": Severity.PROBLEM,
        "dom0-memory": Severity.ADVICE,
        "guest-types": Severity.ADVICE,
        "boot-files": Severity.PROBLEM,
        "device-model": Severity.PROBLEM,
        "programs": Severity.PROBLEM,
        "console-log": Severity.ADVICE,
        "bridges": Severity.PROBLEM,
        "migration-programs": Severity.PROBLEM,
    }
    assert all(each.fix for each in findings if each.severity is not Severity.OK)
    (unmade,) = [each for each in findings if "could not be checked" in each.sentence]
    assert unmade.check == "console-log"
    assert "No such file or directory" in unmade.sentence


def test_a_host_without_libvirtd(scene: Scene) -> None:
    """All that libvirt does not tell is as it was."""
    scene.make_sound()
    scene.opener = refused
    assert wrong(scene.examine()) == {
        "libvirt": Severity.PROBLEM,
        "guest-types": Severity.ADVICE,
    }


def gone(path: str) -> Callable[[Scene], None]:
    return lambda scene: (scene.root / path).unlink()


def pygrub(scene: Scene) -> None:
    scene.options = dataclasses.replace(scene.options, pv_bootloader="pygrub")


def no_address(scene: Scene) -> None:
    scene.set("live_migration_uri", "qemu+tls://%s/system", "libvirt")


def no_command(scene: Scene) -> None:
    scene.set("migration_peer_command", "", "xen")


def tls(scene: Scene) -> None:
    scene.set("live_migration_scheme", "tls", "libvirt")


def injected(scene: Scene) -> None:
    scene.options = dataclasses.replace(scene.options, inject_partition=-1)
    (scene.root / "lib").mkdir()


def half_made(scene: Scene) -> None:
    folder = Path(scene.options.instances_path, "5a1e2d3c-0000-4000-8000-000000000001")
    folder.mkdir(parents=True)
    (folder / ".building").touch()


def cut_short(scene: Scene) -> None:
    scene.unsettled = lambda: LeftoverFacts(migrations=("web1",))


def old_libvirt(scene: Scene) -> None:
    scene.fake.versions["libvirt"] = 1_002_010


P, A = Severity.PROBLEM, Severity.ADVICE


@pytest.mark.parametrize(
    ("breaks", "found"),
    [
        (gone("boot-files/pvgrub"), {"boot-files": P}),
        (gone("boot-files/hvmloader"), {"boot-files": P}),
        (gone("boot-files/ovmf"), {"boot-files": A}),
        (gone("boot-files/pygrub"), {}),
        (gone("bin/qemu"), {"device-model": P}),
        (gone("bin/qemu-img"), {"programs": P}),
        (gone("bin/ssh"), {"migration-programs": P}),
        (gone("etc/xen/scripts/vif-bridge"), {"vif-script": P}),
        (gone("sys/class/net/br0/bridge/bridge_id"), {}),
        (gone("proc/7/cmdline"), {"console-log": P}),
        (gone("bin/xl"), {"xl": P, "dom0-memory": A}),
        (pygrub, {"pv-bootloader": A}),
        (no_address, {"migration-uri": P}),
        (no_command, {"migration-uri": P}),
        (tls, {"certificates": A}),
        (injected, {"injection": P}),
        (half_made, {"unfinished": A}),
        (cut_short, {"unsettled": P}),
        (old_libvirt, {"libvirt": P}),
    ],
)
def test_one_thing_that_is_wrong(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    breaks: Callable[[Scene], None],
    found: dict[str, Severity],
) -> None:
    monkeypatch.setattr("sys.path", [])
    scene.make_sound()
    breaks(scene)
    assert wrong(scene.examine()) == found


class Surprise(Exception):
    """What nobody foresaw."""


def fail(error: Exception) -> Callable[..., Any]:
    def raise_(*_arguments: Any) -> Any:
        raise error

    return raise_


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Surprise("oh"), "Surprise: oh"),
        (PermissionError(13, "Permission denied", "/proc"), "Permission denied"),
        (
            exceptions.ToolFailed(server="", tool="t", doing="d", why="w"),
            exceptions.ToolFailed(
                server="", tool="t", doing="d", why="w"
            ).sentence.rstrip("."),
        ),
    ],
)
def test_a_check_that_fails_costs_itself_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    scene.make_sound()
    monkeypatch.setattr(console, "console_facts", fail(error))
    findings = scene.examine()
    assert wrong(findings) == {"console-log": Severity.ADVICE}
    (told,) = [each for each in findings if each.check == "console-log"]
    assert told.sentence.startswith("This could not be checked: ")
    assert why in told.sentence
    assert {each.check for each in findings} == set(CHECKS)


def test_a_check_that_hangs_costs_itself_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.make_sound()
    monkeypatch.setattr(console, "console_facts", lambda places: time.sleep(5))
    findings = scene.examine(patience=0.5)
    assert wrong(findings) == {"console-log": Severity.ADVICE}
    (told,) = [each for each in findings if each.check == "console-log"]
    assert told.sentence == (
        "This could not be checked: it got no answer within 0.5 s."
    )
