# SPDX-License-Identifier: Apache-2.0
"""Files for a guest: paths, sizes, and files that exclude each other."""

import pytest

from golden.builders import PV, plan
from nova_xen import exceptions
from nova_xen.model import MIB, GuestSetup, InjectedFile, Plan
from nova_xen.planning.guest_files import MOST_FILES, path_fault


def planned(*files: InjectedFile) -> Plan:
    return plan(PV, config_drive=True, setup=GuestSetup(files=files))


def file(path: str, content: bytes = b"x", mode: int | None = None) -> InjectedFile:
    return InjectedFile(path=path, content=content, mode=mode)


@pytest.mark.parametrize(
    "path",
    ["/a", "/etc/motd", "/etc/.hidden", "/a b/ü", "/a..b/c...", "/" + "x" * 255],
)
def test_paths(path: str) -> None:
    assert planned(file(path)).config_drive is not None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "is no absolute path"),
        ("etc/motd", "is no absolute path"),
        ("C:\\windows", "is no absolute path"),
        ("/", "is a folder"),
        ("/etc/", "is a folder"),
        ("/etc/../shadow", "'..' in it"),
        ("/..", "'..' in it"),
        ("/etc/./motd", "'.' or"),
        ("//etc/motd", "an empty part"),
        ("/etc/mo\x00td", "a control character"),
        ("/etc/mo\ntd", "a control character"),
        ("/\ud800", "no text in UTF-8"),
        ("/" + "x" * 256, "longer than Linux takes"),
        ("/" + "ü" * 128, "longer than Linux takes"),
        ("/x" * 2048, "longer than Linux takes"),
    ],
)
def test_paths_that_are_none(path: str, why: str) -> None:
    assert why in (path_fault(path) or "")
    with pytest.raises(exceptions.InvalidRequest, match=r"\(--file\)"):
        planned(file(path))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([file("/a"), file("/a", b"y")], "the file '/a' is given twice"),
        ([file("/a"), file("/a/b")], "the file '/a' cannot be a folder with '/a/b'"),
        ([file("/a/b/c/d"), file("/a/b")], "'/a/b' cannot be a folder with"),
        ([file("/a", b"x" * (MIB + 1))], "'/a' is larger than 1 MiB"),
        ([file(f"/{n}", b"x" * MIB) for n in range(17)], "16 MiB together"),
        ([file(f"/{n}") for n in range(MOST_FILES + 1)], "101 files are too many"),
        ([file("/a", mode=-1)], "-1 is no mode"),
        ([file("/a", mode=0o2000)], "1024 is no mode"),
        ([file("/a", mode=0o4755)], "2541 is no mode"),
    ],
)
def test_files_that_cannot_be(files: list[InjectedFile], why: str) -> None:
    with pytest.raises(exceptions.InvalidRequest, match=why):
        planned(*files)


def test_the_most_there_can_be() -> None:
    files = [file(f"/{n}", b"x" * (16 * MIB // MOST_FILES)) for n in range(MOST_FILES)]
    assert planned(*files, *[]).instance.setup.files == tuple(files)
    assert planned(file("/a/b", b"", mode=0o1777), file("/a/bc")).config_drive


def test_what_is_in_a_file_is_never_told() -> None:
    with pytest.raises(exceptions.InvalidRequest) as refused:
        planned(file("/a", b"hunter2" * MIB))
    assert "hunter2" not in str(refused.value)
