# SPDX-License-Identifier: Apache-2.0
"""Attacks through a server that moves to another host, by the product's migration."""

from unittest import mock

import pytest

from nova_xen import exceptions
from nova_xen.images import mark_unfinished
from nova_xen.images.tools import tool
from nova_xen.model import MigrationKind, MigrationState
from unit.attacks.lying import Elsewhere
from unit.attacks.missing import absent
from unit.attacks.pair import HERE, LISTEN, THERE, always, pair_of
from unit.attacks.rewritten import RAW, with_all_disks
from unit.attacks.scene import SERVER, Scene, content

_HVM = {"vm_mode": "hvm"}
#: a terminal that libvirt on the source gave the server, another guest's elsewhere
_TERMINAL = "/dev/pts/77"


def _documents(scene: Scene) -> str:
    """Every document of the server that libvirt has or was told there."""
    domain = scene.fake.connect().lookupByName(SERVER)
    told = [
        call.arguments[0]
        for call in scene.fake.calls
        if call.method.startswith("defineXML")
    ]
    return "".join([*told, domain.XMLDesc(0), domain.XMLDesc(2)])


def reboot_after_migration(scene: Scene) -> bytes:
    """Its definition names the source's address and terminal when it leaves."""
    host = scene.under(vnc_listen=LISTEN[HERE])
    host.create(host.request(host.raw_image(), properties=_HVM))
    disks = host.disks()
    _with_the_sources_paths(host)
    with pair_of(host) as pair:
        assert pair.migrate(HERE).state is MigrationState.DONE
        there = pair.seen_there(host)
        assert pair.executing() == pair.persistent() == [THERE]
        for way in ("as it came", "hard", "off and on"):
            _again(there, way)
            found = _documents(there)
            assert LISTEN[HERE] not in found
            assert _TERMINAL not in found
            assert LISTEN[THERE] in found
            assert there.disks() == disks
        there.driver.destroy(SERVER)
    return found.encode() + _other_storage(scene)


def _again(there: Scene, way: str) -> None:
    match way:
        case "hard":
            there.driver.reboot(SERVER, hard=True)
        case "off and on":
            there.driver.power_off(SERVER, timeout=0)
            there.driver.power_on(SERVER)


def _with_the_sources_paths(host: Scene) -> None:
    """Both of its documents have them, as libvirt writes them for a running guest."""
    connection = host.fake.connect()
    inactive = connection.lookupByName(SERVER).XMLDesc(3)
    console = f'<console type="pty" tty="{_TERMINAL}"><source path="{_TERMINAL}"/>'
    connection.defineXML(inactive.replace('<console type="pty">', console))
    assert LISTEN[HERE] in _documents(host)
    assert _TERMINAL in _documents(host)


def _other_storage(scene: Scene) -> bytes:
    """What its paths lead to at the other host is not its own: it does not go."""
    scene.create(scene.request(scene.raw_image()))
    said = b""
    with pair_of(scene) as pair:
        for content in (None, "0" * 64):
            with pytest.raises(exceptions.MigrationRefused, match="not the same") as no:
                pair.migrate_by(always(Elsewhere(pair, content)))
            said += str(no.value).encode()
            assert pair.untouched()
    return said


def resize_or_move(scene: Scene) -> bytes:
    """A raw disk that has become an overlay goes over: by its path, and as raw."""
    absent("resize")
    host, _server = with_all_disks(scene)
    disks = host.disks()
    before = [content(path) for path in disks]
    with pair_of(host) as pair:
        there = pair.seen_there(host)
        with mock.patch.object(tool, "run_process", side_effect=AssertionError):
            record = pair.migrate(HERE, MigrationKind.STOP_AND_COPY)
        assert (record.state, pair.persistent()) == (MigrationState.DONE, [THERE])
        assert [content(path) for path in disks] == before
        _again(there, "hard")
        assert (there.disks(), there.formats()) == (disks, RAW)
        seen = there.guest_reads()
        there.driver.destroy(SERVER)
        assert there.left() == []
    _half_removed(scene)
    return seen


def _half_removed(scene: Scene) -> None:
    """A server whose removal was cut short takes its disks and nothing they name."""
    host, server = with_all_disks(scene)
    mark_unfinished(str(host.instances), server.uuid)
    assert host.driver.init_host() == (server.uuid,)
    assert host.left() == []
