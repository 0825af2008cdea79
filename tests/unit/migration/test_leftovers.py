# SPDX-License-Identifier: Apache-2.0
"""Journals that nobody works on any more, told to who only looks."""

import pathlib

import pytest

from nova_xen import exceptions
from nova_xen.migration.journal import Journals
from nova_xen.migration.leftovers import unsettled
from nova_xen.model.doctor import LeftoverFacts
from unit.migration.hosts import UUID
from unit.migration.peer.scene import journal


def test_a_host_that_never_migrated(tmp_path: pathlib.Path) -> None:
    assert unsettled(str(tmp_path / "none")) == LeftoverFacts()
    assert not (tmp_path / "none").exists()


def test_one_under_way_is_none_and_one_cut_short_is(tmp_path: pathlib.Path) -> None:
    journals = Journals(str(tmp_path))
    hold = journals.hold(UUID)
    assert hold is not None
    made = journal()
    journals.keep(made)
    assert unsettled(str(tmp_path)) == LeftoverFacts()
    hold.release()
    before = sorted(tmp_path.rglob("*"))
    assert unsettled(str(tmp_path)) == LeftoverFacts(migrations=(made.name,))
    assert sorted(tmp_path.rglob("*")) == before


def test_what_cannot_be_read_is_told(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "journals"
    folder.mkdir()
    (folder / f"{UUID}.json").write_text("garbage\n")
    found = unsettled(str(tmp_path))
    assert found.migrations == ()
    (sentence,) = found.unreadable
    assert f"{UUID}.json cannot be read" in sentence


def test_a_file_in_place_of_the_folder(tmp_path: pathlib.Path) -> None:
    (tmp_path / "journals").touch()
    assert unsettled(str(tmp_path)) == LeftoverFacts()
    (tmp_path / "journals").unlink()
    (tmp_path / "journals").symlink_to("journals")
    with pytest.raises(exceptions.ToolFailed):
        unsettled(str(tmp_path))
