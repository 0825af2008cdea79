# SPDX-License-Identifier: Apache-2.0
"""A migration begins beside no other work on the server, and with what was checked."""

import contextlib
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import Guest
from nova_xen.migration import admission, run
from nova_xen.migration.check import check as whole
from nova_xen.model import MigrationRequest, MigrationState
from unit.migration.hosts import NAME, Hosts

REQUEST = MigrationRequest(server=NAME, destination="xen2")
NIC = "<interface type='bridge'><source bridge='br0'/></interface>"
LIVE = 1


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


def refused(hosts: Hosts) -> str:
    """Why it was refused; nothing is left of it."""
    with pytest.raises(exceptions.MigrationRefused) as error:
        run.migrate(hosts.world("xen1"), REQUEST)
    assert hosts.executing() == ["xen1"]
    assert [place.journals.all() for place in hosts.places.values()] == [(), ()]
    return str(error.value)


def test_another_command_works_on_it(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def held(*_given: object) -> Iterator[bool]:
        yield False

    monkeypatch.setattr(admission, "hold_server", held)
    assert "another command works on it: wait for its end" in refused(hosts)


def test_libvirt_works_on_it(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guest, "has_job", lambda _guest: True)
    assert "libvirt is at work on it: wait for its end" in refused(hosts)


def test_a_device_that_came_meanwhile_was_not_checked(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:

    def check(*given: Any) -> Any:
        checked = whole(*given)
        domain = hosts.places["xen1"].fake.connect().lookupByName(NAME)
        domain.attachDeviceFlags(NIC, LIVE)
        return checked

    monkeypatch.setattr(run, "check", check)
    assert "its devices were changed meanwhile; try again" in refused(hosts)


def test_what_was_saved_under_its_name_goes_before_it_does(
    hosts: Hosts,
) -> None:
    """At a later start, here or there, old memory would meet newer disks."""
    folders = [pathlib.Path(each.fake.saves.path) for each in hosts.places.values()]
    for folder in folders:
        for name in (f"{NAME}.save", f"{NAME}.save.kept", "another.save"):
            (folder / name).touch()
    record = run.migrate(hosts.world("xen1"), REQUEST)
    assert record.state is MigrationState.DONE
    assert [os.listdir(folder) for folder in folders] == [["another.save"]] * 2
