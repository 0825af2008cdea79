# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.migration.peer import proof

TOKEN = "0123456789abcdef" * 4
NAME = ".nova-xen-proof-0123abcd-0123456789abcdef"


@pytest.fixture
def folders(tmp_path: pathlib.Path) -> list[str]:
    made = [tmp_path / "disks", tmp_path / "_base"]
    for path in made:
        path.mkdir()
    return [str(path) for path in made]


def test_what_is_written_is_read_and_gone_afterwards(folders: list[str]) -> None:
    with proof.prove([*folders, folders[0]]) as tokens:
        assert sorted(map(os.path.dirname, tokens)) == sorted(folders)
        assert len(set(tokens.values())) == 2
        assert all(len(token) == proof.TOKEN_BYTES for token in tokens.values())
        assert all(map(proof.is_proof, tokens))
        assert proof.read_proofs(tokens) == tokens
    assert [os.listdir(folder) for folder in folders] == [[], []]


def test_nothing_stays_when_a_folder_refuses(folders: list[str]) -> None:
    with (
        pytest.raises(
            exceptions.ToolFailed, match="proving that the other host"
        ) as told,
        proof.prove([*folders, "/nonexistent"], server="web"),
    ):
        pytest.fail("there is no such folder")
    assert "/nonexistent" in str(told.value)
    assert [os.listdir(folder) for folder in folders] == [[], []]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/etc/.nova-xen-proof-",
        f"/etc/{NAME}.txt",
        f"/etc/x{NAME}",
        f"/etc/{NAME}/passwd",
        f"/etc/{NAME}/../passwd",
        f"/etc/{NAME}/../{NAME}",
        f"/etc//{NAME}",
        f"/etc/{NAME}\n",
        f"etc/{NAME}",
        NAME,
        "",
        f"/etc/{NAME.upper()}",
    ],
)
def test_other_files_are_refused_before_any_is_read(
    tmp_path: pathlib.Path, path: str
) -> None:
    good = tmp_path / NAME
    good.write_text(TOKEN)
    assert not proof.is_proof(path)
    with pytest.raises(exceptions.InvalidRequest, match="and is none"):
        proof.read_proofs([str(good), path])


def _link(path: pathlib.Path) -> None:
    other = path.parent / "other"
    other.write_text(TOKEN)
    path.symlink_to(other)


def _hard_link(path: pathlib.Path) -> None:
    other = path.parent / "other"
    other.write_text(TOKEN)
    os.link(other, path)


NOT_A_TOKEN: dict[str, Callable[[pathlib.Path], object]] = {
    "absent": lambda path: None,
    "empty": lambda path: path.touch(),
    "short": lambda path: path.write_text(TOKEN[1:]),
    "long": lambda path: path.write_text(TOKEN + "0"),
    "line": lambda path: path.write_text(TOKEN[1:] + "\n"),
    "secret": lambda path: path.write_text("root:x:0:0:root:/root:/bin/bash\n" * 2),
    "link": _link,
    "hard link": _hard_link,
    "fifo": lambda path: os.mkfifo(path),
    "folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("case", NOT_A_TOKEN)
def test_what_is_no_token_is_not_told(tmp_path: pathlib.Path, case: str) -> None:
    path = tmp_path / NAME
    NOT_A_TOKEN[case](path)
    assert proof.read_proofs([str(path)], patience=0) == {str(path): None}


def test_a_file_that_shows_late_is_waited_for(tmp_path: pathlib.Path) -> None:
    path, never = tmp_path / NAME, tmp_path / NAME.replace("0", "1")
    pauses: list[float] = []

    def show(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            path.write_text("")
        elif len(pauses) == 3:
            path.write_text(TOKEN)

    found = proof.read_proofs([str(path)], patience=60, sleep=show)
    assert (found, len(pauses)) == ({str(path): TOKEN}, 3)
    paths = [str(path), str(never)]
    assert proof.read_proofs(paths, patience=0.05) == {paths[0]: TOKEN, paths[1]: None}


CHILD = """
import sys
from nova_xen.migration.peer.proof import prove
with prove([sys.argv[1]]) as tokens:
    print(*tokens, flush=True)
    sys.stdin.read()
"""


def test_a_dead_ones_proof_goes_and_a_living_ones_stays(folders: list[str]) -> None:
    folder = folders[0]
    foreign = pathlib.Path(folder, NAME)
    foreign.write_text(TOKEN)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        path = child.stdout.readline().strip()
        with proof.prove([folder]):
            assert os.path.exists(path)
        child.kill()
        child.wait()
    assert os.path.exists(path)
    with proof.prove([folder]) as tokens:
        assert not os.path.exists(path)
        assert sorted(os.listdir(folder)) == sorted(
            [NAME, *map(os.path.basename, tokens)]
        )
    assert foreign.read_text() == TOKEN
