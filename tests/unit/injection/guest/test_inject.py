# SPDX-License-Identifier: Apache-2.0
"""From a plan to the worker and from its end to a sentence; libguestfs is not in it."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from golden.builders import UUID
from nova_xen import exceptions
from nova_xen.exceptions import NovaXenError
from nova_xen.injection.guest import appliance, memory
from nova_xen.injection.guest import inject as module
from nova_xen.injection.guest.inject import fraction_of, inject
from nova_xen.injection.guest.problems import Kind, Unavailable
from nova_xen.injection.guest.request import Request
from nova_xen.injection.guest.supervise import Outcome
from nova_xen.injection.options import InjectionOptions
from nova_xen.model import (
    DiskFormat,
    Flavor,
    GuestSetup,
    Image,
    InjectionPlan,
    Instance,
)

LOG = ("qemu: it died",)
INSTANCE = Instance(
    name="web",
    uuid=UUID,
    image=Image(path="", disk_format=DiskFormat.RAW, virtual_size=0),
    flavor=Flavor(vcpus=1, memory_mib=64),
    setup=GuestSetup(hostname="web"),
)
DONE = Outcome()
Inject = Callable[..., list[Request]]


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / UUID
    folder.mkdir()
    (folder / "disk").write_bytes(b"\0" * 512)
    return folder / "disk"


@pytest.fixture
def run(
    disk: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Inject:
    """Inject with a worker that ends as it is told; the requests it was given."""

    def run(
        outcome: Outcome | BaseException = DONE,
        instance: Instance = INSTANCE,
        progress: Callable[[str, float], None] = lambda what, part: None,
        **options: Any,
    ) -> list[Request]:
        asked: list[Request] = []

        def fake(request: Request, *, timeout: float, heard: Any) -> Outcome:
            asked.append(request)
            assert os.stat(request.folder).st_mode & 0o777 == 0o700
            pathlib.Path(request.folder, "log").write_text("a line\n")
            heard("starting its appliance")
            heard("writing /etc/hostname")
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        monkeypatch.setattr(module, "supervise", fake)
        plan = InjectionPlan(path=str(disk), format=DiskFormat.RAW, partition=1)
        given = InjectionOptions(cache_dir=str(tmp_path / "cache"), **options)
        try:
            inject(plan, instance, options=given, server="web", progress=progress)
        finally:
            assert os.listdir(disk.parent) == ["disk"]
        return asked

    return run


def test_the_worker_is_asked_and_nothing_stays(
    run: Inject, tmp_path: pathlib.Path, disk: pathlib.Path
) -> None:
    told: list[float] = []
    (request,) = run(progress=lambda what, part: told.append(part), memory_mib=300)
    assert (request.path, request.partition) == (str(disk), 1)
    assert request.memory_mib == 300
    assert told == [0.0, 0.0, 0.9, 1.0]
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("doing", "part"),
    [
        ("starting its appliance", 0.0),
        ("starting its appliance (3 of 12)", 0.2),
        ("starting its appliance (6 of 12)", 0.4),
        ("looking for the file system", 0.8),
        ("writing /srv/x (1 of 2)/y", 0.9),
        ("closing the disk", 0.95),
    ],
)
def test_how_far_it_is(doing: str, part: float) -> None:
    assert fraction_of(doing) == pytest.approx(part)


@pytest.mark.parametrize("debug", [False, True])
def test_an_appliance_is_quiet_unless_it_is_watched(run: Inject, debug: bool) -> None:
    (request,) = run(debug=debug)
    assert request.debug is debug


def test_a_server_that_is_told_nothing_starts_nothing(run: Inject) -> None:
    assert run(instance=dataclasses.replace(INSTANCE, setup=GuestSetup())) == []


@pytest.mark.parametrize(
    ("outcome", "error", "words"),
    [
        (
            Outcome(problem=Kind.REFUSED, why="no", other="use another", log=LOG),
            exceptions.InjectionRefused,
            "cannot be written into its disk: no; use another.",
        ),
        (
            Outcome(problem=Kind.UNAVAILABLE, why="none", other="get it", log=LOG),
            exceptions.InjectionUnavailable,
            "cannot write into disks: none; get it, or use a config drive.",
        ),
        (
            Outcome(problem=Kind.FAILED, why="lost", other="closing", log=LOG),
            exceptions.InjectionFailed,
            "libguestfs failed on its disk while closing: lost.",
        ),
        (
            Outcome(timed_out=True, doing="waiting", log=LOG),
            exceptions.InjectionTimeout,
            "within 300 seconds while waiting",
        ),
    ],
)
def test_every_end_is_a_sentence_with_the_log(
    run: Inject, outcome: Outcome, error: type[NovaXenError], words: str
) -> None:
    with pytest.raises(error) as caught:
        run(outcome)
    assert words in str(caught.value)
    assert caught.value.details == LOG


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (Unavailable("no", "yes"), exceptions.InjectionUnavailable),
        (OSError(28, "No space left on device"), exceptions.InjectionFailed),
    ],
)
def test_whatever_is_raised_nothing_stays(
    run: Inject, raised: BaseException, error: type[BaseException]
) -> None:
    with pytest.raises(error):
        run(raised)


def test_a_disk_that_cannot_be_opened(run: Inject, monkeypatch: Any) -> None:
    monkeypatch.setattr("os.access", lambda path, how: False)
    with pytest.raises(exceptions.InjectionUnavailable, match="cannot be opened"):
        run()


def test_wrong_requests_start_nothing(run: Inject) -> None:
    wrong = dataclasses.replace(INSTANCE, setup=GuestSetup(hostname="a b"))
    with pytest.raises(exceptions.InjectionRefused, match="no name of a host"):
        run(instance=wrong)


@pytest.mark.parametrize(
    ("meminfo", "refused"),
    [
        ("MemTotal: 9 kB\nMemAvailable:  500000 kB\n", True),
        ("MemTotal: 9 kB\nMemAvailable:  700000 kB\n", False),
        ("MemTotal: 9 kB\n", False),
    ],
)
def test_memory_that_domain_0_does_not_have(
    run: Inject,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    meminfo: str,
    refused: bool,
) -> None:
    path = tmp_path / "meminfo"
    path.write_text(meminfo)
    monkeypatch.setattr(memory, "_MEMINFO", path)
    if not refused:
        assert len(run()) == 1
        return
    words = "takes 608 MiB of Domain-0's memory, and 488 MiB are free"
    with pytest.raises(exceptions.InjectionUnavailable, match=words):
        run()


def test_a_cache_that_others_can_write(run: Inject, tmp_path: pathlib.Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    with pytest.raises(exceptions.InjectionUnavailable, match="written by others"):
        run()


def test_a_template_that_is_not_there(run: Inject) -> None:
    with pytest.raises(exceptions.InjectionUnavailable, match="cannot be read"):
        run(network_template="/nowhere/template")


def test_debug_keeps_the_log(run: Inject, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        run(debug=True)
    assert "Server web: libguestfs: a line" in caplog.text


@pytest.mark.parametrize(
    ("there", "words", "advice"),
    [
        (False, "is not installed", "apt install python3-guestfs"),
        (True, "Debian's own Python's and this is Python", "/usr/bin/python3 -m venv"),
    ],
)
def test_a_missing_module_is_told(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    there: bool,
    words: str,
    advice: str,
) -> None:
    if there:
        (tmp_path / "guestfs.py").touch()

    def fail(name: str) -> None:
        raise ImportError("No module named 'libguestfsmod'")

    monkeypatch.setattr(appliance, "_DEBIAN", str(tmp_path))
    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(Unavailable, match=words) as caught:
        appliance.import_guestfs()
    assert advice in caught.value.other


def test_a_virtualenv_that_does_not_see_debians_packages_finds_the_module(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = types.ModuleType("guestfs")

    def load(name: str) -> types.ModuleType:
        if str(tmp_path) not in sys.path:
            raise ImportError(name)
        return found

    monkeypatch.setattr(appliance, "_DEBIAN", str(tmp_path))
    monkeypatch.setattr("importlib.import_module", load)
    assert appliance.import_guestfs() is found
    assert str(tmp_path) not in sys.path


def test_a_missing_emulator_is_told() -> None:
    class NoEmulator:
        def get_hv(self) -> str:
            return "/nowhere/qemu"

    with pytest.raises(Unavailable, match="no /nowhere/qemu"):
        appliance._check_emulator(NoEmulator())
