# SPDX-License-Identifier: Apache-2.0
"""Which write of a migration outlives a power cut, and before what."""

import dataclasses
import os
import pathlib
from collections.abc import Iterator

import pytest
from libvirt import VIR_DOMAIN_XML_INACTIVE, VIR_DOMAIN_XML_SECURE

from nova_xen.migration.journal import Journals
from nova_xen.migration.peer.local import LocalPeer
from nova_xen.model import MigrationJournal, MigrationState, Side
from nova_xen.testing import Point
from nova_xen.testing.migration import Migration
from unit.migration.hosts import UUID, Hosts
from unit.migration.syncs import Syncs

#: a journal's first line: its file, then the folder that names it
SOURCE = ["xen1/journals/*", "xen1/journals"]
TARGET = ["xen2/journals/*", "xen2/journals"]
#: each further line
SOURCE_LINE = [f"xen1/journals/{UUID}.json"]
TARGET_LINE = [f"xen2/journals/{UUID}.json"]
#: made once for each host, on the way to the first hold
FOLDERS = {"xen1", "xen2", "."}
S = MigrationState


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


@pytest.fixture
def syncs(
    hosts: Hosts, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Syncs:
    return Syncs(tmp_path, monkeypatch)


def written(syncs: list[str]) -> list[str]:
    return [name for name in syncs if name not in FOLDERS]


def test_both_journals_are_on_the_disk_before_libvirt_is_asked(
    hosts: Hosts, syncs: Syncs
) -> None:
    seen: list[list[str]] = []
    states: list[MigrationState] = []

    def look(_: Migration) -> None:
        seen.append(syncs.take())
        states.extend(journal.state for journal in hosts.kept())

    hosts.places["xen1"].fake.at(Point.PREPARED, look)
    hosts.migrate("xen1")
    assert [written(each) for each in seen] == [
        SOURCE + TARGET + SOURCE_LINE + TARGET_LINE  # PREPARING, COPYING
    ]
    assert states == [S.COPYING, S.COPYING]


@pytest.mark.parametrize(("at_once", "times"), [(False, 2), (True, 1)])
def test_every_later_journal_and_the_records_end_are_and_nothing_else(
    hosts: Hosts, syncs: Syncs, at_once: bool, times: int
) -> None:
    hosts.at_once = at_once
    hosts.places["xen1"].fake.at(Point.PREPARED, lambda _: syncs.clear())
    hosts.migrate("xen1")
    assert syncs.take() == [
        *(SOURCE_LINE + TARGET_LINE) * times,  # STOPPED, FINISHING
        "xen2/journals",  # it goes
        *("xen1/history/*", "xen1/history"),  # DONE
        "xen1/journals",
    ]


def test_a_definition_is_kept_once_its_journal_is_on_the_disk(
    hosts: Hosts, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = LocalPeer.arrived
    seen: list[list[str]] = []

    def look(
        peer: LocalPeer, journal: MigrationJournal, document: str, cap: int | None
    ) -> None:
        seen.append(syncs.take()[-1:])
        assert journal.state is S.FINISHING
        arrived(peer, journal, document, cap)
        seen.append(syncs.take())

    monkeypatch.setattr(LocalPeer, "arrived", look)
    hosts.migrate("xen1")
    assert seen == [TARGET_LINE, []]


class TestJournals:
    """What a journal's write syncs, by what is there already."""

    @pytest.fixture
    def journal(self, hosts: Hosts) -> MigrationJournal:
        found: list[MigrationJournal] = []
        hosts.places["xen1"].fake.at(
            Point.PREPARED, lambda _: found.extend(hosts.kept())
        )
        hosts.migrate("xen1")
        return found[0]

    @pytest.mark.parametrize("state", S)
    def test_every_state(
        self, hosts: Hosts, syncs: Syncs, journal: MigrationJournal, state: S
    ) -> None:
        syncs.clear()
        journals = Journals(str(hosts.places["xen1"].folder))
        journals.keep(dataclasses.replace(journal, state=state))
        assert syncs.take() == SOURCE
        journals.remove(UUID)
        assert syncs.take() == SOURCE[1:]

    @pytest.mark.parametrize(
        ("change", "synced"),
        [("nothing", []), *((each, SOURCE) for each in ("gone", "other", "new"))],
    )
    def test_unchanged(
        self,
        hosts: Hosts,
        syncs: Syncs,
        journal: MigrationJournal,
        change: str,
        synced: list[str],
    ) -> None:
        journals = Journals(str(hosts.places["xen1"].folder))
        journals.keep(journal)
        path = os.path.join(journals.folder, f"{UUID}.json")
        match change:
            case "gone":
                os.unlink(path)
            case "other":
                later = dataclasses.replace(journal, updated=7.0)
                Journals(str(hosts.places["xen1"].folder)).keep(later)
            case "new":
                journals = Journals(str(hosts.places["xen1"].folder))
        syncs.clear()
        journals.keep(journal)
        assert syncs.take() == synced
        assert journals.load(UUID) == journal

    def test_a_write_that_failed_is_done_again(
        self,
        hosts: Hosts,
        syncs: Syncs,
        journal: MigrationJournal,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        journals = Journals(str(hosts.places["xen1"].folder))
        journals.keep(journal)
        later = dataclasses.replace(journal, updated=7.0)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", _die)
            with pytest.raises(KeyboardInterrupt):
                journals.keep(later)
        syncs.clear()
        journals.keep(later)
        assert syncs.take() == SOURCE


def _die(_number: int) -> None:
    raise KeyboardInterrupt


def test_the_sources_journal_alone_has_the_definition(hosts: Hosts) -> None:
    """With what is secret in it, which no log is to have."""
    kept: list[MigrationJournal] = []
    fake = hosts.places["xen1"].fake
    fake.at(Point.PREPARED, lambda _: kept.extend(hosts.kept()))
    guest = fake.connect().lookupByUUIDString(UUID)
    definition = guest.XMLDesc(VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE)
    hosts.migrate("xen1")
    found = {journal.side: journal.definition for journal in kept}
    assert found == {Side.SOURCE: definition, Side.DESTINATION: ""}
    assert all("<domain" not in repr(journal) for journal in kept)
