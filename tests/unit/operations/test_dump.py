# SPDX-License-Identifier: Apache-2.0
"""Core dumps: whole or not there, and nobody else's business."""

import os
import pathlib
import stat
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.model import MIB, Plan, PowerState
from nova_xen.operations import power
from nova_xen.operations.delete import delete
from nova_xen.operations.dump import dump
from nova_xen.operations.host import Host
from nova_xen.operations.query import get_server
from nova_xen.operations.spawn import spawn
from nova_xen.testing import FakeHost


@pytest.fixture
def web(host: Host, make_plan: Callable[..., Plan]) -> str:
    return spawn(host, make_plan(), lambda what, fraction: None).uuid


def there(folder: pathlib.Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "kernel")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    made = tmp_path / "wide"
    made.mkdir()
    return made


def test_a_dump_into_a_file(
    host: Host, fake: FakeHost, web: str, folder: pathlib.Path
) -> None:
    umask = os.umask(0)
    try:
        made = dump(host, "web", str(folder / "core"))
    finally:
        os.umask(umask)
    assert (made.server, made.path, made.size) == (
        "web",
        str(folder / "core"),
        128 * MIB,
    )
    assert there(folder) == ["core"]
    assert stat.S_IMODE((folder / "core").stat().st_mode) == 0o600
    assert get_server(host, "web").state is PowerState.RUNNING


def test_a_path_is_the_caller_s(
    host: Host, web: str, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libvirtd has a current folder of its own."""
    monkeypatch.chdir(folder)
    assert dump(host, web, "core").path == str(folder / "core")
    assert there(folder) == ["core"]


def test_without_a_file_it_lies_with_the_server(
    host: Host, instances: pathlib.Path, web: str
) -> None:
    made = pathlib.Path(dump(host, "web").path)
    assert made.parent == instances / web / "dumps"
    assert made.name.startswith("web-20")
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    delete(host, "web")
    assert not made.exists()


@pytest.mark.parametrize("taken", ["core", "core.part"])
@pytest.mark.parametrize("dangling", [False, True])
def test_nothing_is_overwritten_or_followed(
    host: Host,
    fake: FakeHost,
    web: str,
    folder: pathlib.Path,
    taken: str,
    dangling: bool,
) -> None:
    if dangling:
        (folder / taken).symlink_to(folder / "elsewhere")
    else:
        (folder / taken).write_text("precious")
    with pytest.raises(exceptions.DumpRefused, match=f"{taken}: it exists already"):
        dump(host, "web", str(folder / "core"))
    assert "coreDump" not in [call.method for call in fake.calls]
    assert there(folder) == [taken]


def test_a_file_that_comes_in_between_is_not_overwritten(
    host: Host, web: str, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    (folder / "core.part").write_text("precious")
    with pytest.raises(exceptions.DumpRefused, match="File exists"):
        dump(host, "web", str(folder / "core"))
    assert (folder / "core.part").read_text() == "precious"


def test_a_folder_that_is_not_there(host: Host, web: str) -> None:
    with pytest.raises(exceptions.DumpRefused, match="into /nonexistent: there is no"):
        dump(host, "web", "/nonexistent/core")


def test_a_failure_leaves_no_file(
    host: Host, fake: FakeHost, web: str, folder: pathlib.Path
) -> None:
    fake.fail_next("coreDump", after=True)
    with pytest.raises(exceptions.StepFailed) as failed:
        dump(host, "web", str(folder / "core"))
    assert str(failed.value) == (
        "Server web could not be dumped: the step 'dump its memory' failed, libvirt "
        "failed while dumping server web: internal error: injected. Nothing was left "
        "behind."
    )
    assert there(folder) == []


class Killed(BaseException):
    """Stands for SIGKILL."""


def test_killed_what_is_left_does_not_look_whole(
    host: Host,
    fake: FakeHost,
    web: str,
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nova_xen.operations.steps._undo", lambda server, begun: [])
    fake.interrupt_next("coreDump", Killed(), after=True)
    with pytest.raises(Killed):
        dump(host, "web", str(folder / "core"))
    assert there(folder) == ["core.part"]


def test_too_little_room(
    host: Host, web: str, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    with pytest.raises(exceptions.NotEnoughRoom, match=r"cannot be dumped: .* 0 MiB"):
        dump(host, "web", str(folder / "core"))
    assert there(folder) == []


def test_a_dump_that_ends_the_server(
    host: Host, web: str, folder: pathlib.Path
) -> None:
    dump(host, "web", str(folder / "core"), crash=True)
    assert there(folder) == ["core"]
    assert get_server(host, "web").state is PowerState.CRASHED
    power.power_on(host, "web")
