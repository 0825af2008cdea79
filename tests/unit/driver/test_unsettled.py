# SPDX-License-Identifier: Apache-2.0
"""A server whose migration is not settled is left as it is by everything else."""

import dataclasses
import os
import pathlib
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.driver import LibvirtDriver
from nova_xen.migration.journal import Journals
from nova_xen.migration.unsettled import any_journal
from nova_xen.model import MigrationState, PowerState, VolumeRequest
from nova_xen.operations import power
from nova_xen.operations.request import NicRequest
from unit.cli.refusing_child import OFF, make_driver
from unit.migration.hosts import UUID
from unit.migration.peer.scene import journal

OPERATIONS: dict[str, tuple[str, Callable[[LibvirtDriver, str], object]]] = {
    "started": (OFF, lambda driver, name: driver.power_on(name)),
    "stopped": (UUID, lambda driver, name: driver.power_off(name, 0)),
    "rebooted": (UUID, lambda driver, name: driver.reboot(name, hard=True)),
    "paused": (UUID, lambda driver, name: driver.pause(name)),
    "unpaused": (UUID, lambda driver, name: driver.unpause(name)),
    "suspended": (UUID, lambda driver, name: driver.suspend(name)),
    "resumed": (OFF, lambda driver, name: driver.resume(name)),
    "dumped": (UUID, lambda driver, name: driver.trigger_crash_dump(name)),
    "deleted": (UUID, lambda driver, name: driver.destroy(name)),
}
DEVICES: dict[str, Callable[[LibvirtDriver, str], object]] = {
    "attach_volume": lambda driver, name: driver.attach_volume(
        name, VolumeRequest(path="/srv/v")
    ),
    "detach_volume": lambda driver, name: driver.detach_volume(name, "xvdb"),
    "change_cdrom": lambda driver, name: driver.change_cdrom(name, None),
    "attach_interface": lambda driver, name: driver.attach_interface(
        name, NicRequest(bridge="br0")
    ),
    "detach_interface": lambda driver, name: driver.detach_interface(
        name, "00:16:3e:00:00:01"
    ),
}
NAMES = {UUID: "web", OFF: "off"}


@pytest.fixture
def journals(tmp_path: pathlib.Path) -> Journals:
    return Journals(str(tmp_path / "state"))


@pytest.mark.parametrize("by", ["name", "uuid"])
@pytest.mark.parametrize("action", OPERATIONS)
def test_it_is_refused_until_it_is_settled(
    tmp_path: pathlib.Path, journals: Journals, action: str, by: str
) -> None:
    """What stands still here may run at the other host."""
    uuid, operation = OPERATIONS[action]
    driver, name = make_driver(tmp_path), NAMES[uuid]
    journals.keep(
        dataclasses.replace(
            journal(), uuid=uuid, name=name, state=MigrationState.STOPPED
        )
    )
    before = {server.name: server.state for server in driver.list_servers()}
    with pytest.raises(exceptions.WrongState) as refused:
        operation(driver, name if by == "name" else uuid)
    assert str(refused.value) == (
        f"Server {name} cannot be {action} while it is in a migration that was cut "
        f"short; run 'nova-xen migration recover {name}' first."
    )
    after = {server.name: server.state for server in driver.list_servers()}
    assert after == before


@pytest.mark.parametrize("lasting", ["suspended", "deleted"])
@pytest.mark.parametrize("state", [MigrationState.PREPARING, MigrationState.COPYING])
def test_what_outlives_its_domain_is_refused_though_it_never_left(
    tmp_path: pathlib.Path, journals: Journals, lasting: str, state: MigrationState
) -> None:
    """Recovery would start a deleted server, and one without its saved memory."""
    driver = make_driver(tmp_path)
    journals.keep(
        dataclasses.replace(journal(), uuid=UUID, name="web", state=state, pid=0)
    )
    with pytest.raises(exceptions.WrongState, match="in a migration that was cut"):
        OPERATIONS[lasting][1](driver, "web")
    assert [server.state for server in driver.list_servers()].count(
        PowerState.RUNNING
    ) == 1


def test_a_reboot_asks_again_before_it_resets(
    tmp_path: pathlib.Path, journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration began while the guest was waited for, and may have gone over."""
    driver = make_driver(tmp_path)

    def softly(*_given: object) -> bool:
        left = dataclasses.replace(journal(), uuid=UUID, name="web")
        journals.keep(dataclasses.replace(left, state=MigrationState.STOPPED))
        return False

    monkeypatch.setattr(power, "_reboot_softly", softly)
    with pytest.raises(exceptions.WrongState, match="in a migration that was cut"):
        driver.reboot("web")
    assert driver.get_info("web").state is PowerState.RUNNING


@pytest.mark.parametrize("method", DEVICES)
def test_its_devices_stay_too(
    tmp_path: pathlib.Path, journals: Journals, method: str
) -> None:
    driver = make_driver(tmp_path)
    journals.keep(
        dataclasses.replace(
            journal(), uuid=UUID, name="web", state=MigrationState.STOPPED
        )
    )
    with pytest.raises(exceptions.WrongState, match="in a migration that was cut"):
        DEVICES[method](driver, "web")


def test_while_it_goes_on_it_is_to_be_waited_for(
    tmp_path: pathlib.Path, journals: Journals
) -> None:
    driver = make_driver(tmp_path)
    journals.keep(dataclasses.replace(journal(), uuid=UUID))
    hold = journals.hold(UUID)
    assert hold is not None
    with hold, pytest.raises(exceptions.WrongState, match="is being migrated; wait"):
        driver.pause("web")


def test_other_servers_are_free(tmp_path: pathlib.Path, journals: Journals) -> None:
    driver = make_driver(tmp_path)
    journals.keep(dataclasses.replace(journal(), uuid=OFF, name="off"))
    driver.pause("web")
    driver.unpause("web")


def test_without_a_journal_nothing_of_migrations_is_needed(
    tmp_path: pathlib.Path,
) -> None:
    driver = make_driver(tmp_path)
    driver.pause("web")
    assert "_migrations" not in vars(driver)


def test_journals_that_cannot_be_listed_are_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By who is not root; nothing is done then, and nothing is to be removed."""
    driver = make_driver(tmp_path)

    def refuse(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(exceptions.NovaXenError, match="Permission denied") as refused:
        driver.pause("web")
    assert "remove" not in str(refused.value)
    assert {server.state for server in driver.list_servers()} >= {PowerState.RUNNING}


def test_whether_there_is_a_journal(tmp_path: pathlib.Path) -> None:
    assert not any_journal(str(tmp_path / "nowhere"))
    folder = tmp_path / "journals"
    folder.touch()
    assert not any_journal(str(tmp_path))
    folder.unlink()
    folder.mkdir()
    (folder / f"{UUID}.lock").touch()
    assert not any_journal(str(tmp_path))
    (folder / f"{UUID}.json").touch()
    assert any_journal(str(tmp_path))


def test_what_cannot_be_listed_is_looked_at(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> list[str]:
        raise PermissionError(path)

    monkeypatch.setattr(os, "listdir", refuse)
    assert any_journal(str(tmp_path))
