# SPDX-License-Identifier: Apache-2.0
"""The rig: a daemon that dies and comes back, with guests that live on."""

from pathlib import Path
from typing import Any

import libvirt
import pytest

from libxl.rig import build, settings
from libxl.rig.daemon import Daemon
from libxl.rig.guests import guest

BOOTED = [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED]
ADOPTED = [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_UNKNOWN]


def test_the_host_is_as_asked(tmp_path: Path) -> None:
    with Daemon(
        tmp_path / "big", hostname="big-xen", memory_mib=16384, cpus=8
    ) as daemon:
        connection = libvirt.open(daemon.uri)
        assert connection.getHostname() == "big-xen"
        assert connection.getInfo()[1:3] == [16384, 8]


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_guests_outlive_the_daemon(
    xen1: Daemon, connection: Any, boot_file: str, killed: bool
) -> None:
    domain = connection.createXML(guest("lasting", boot_file))
    assert domain.state() == BOOTED
    free = connection.getFreeMemory()
    xen1.restart(killed=killed)
    again = libvirt.open(xen1.uri)
    adopted = again.lookupByName("lasting")
    assert adopted.ID() == domain.ID()
    assert adopted.state() == ADOPTED
    assert again.getFreeMemory() == free


def test_ids_go_on_after_the_daemon(
    xen1: Daemon, connection: Any, boot_file: str
) -> None:
    first = connection.createXML(guest("first", boot_file)).ID()
    xen1.restart(killed=True)
    second = libvirt.open(xen1.uri).createXML(guest("second", boot_file)).ID()
    assert second > first


def test_a_dead_daemon_answers_nobody(xen1: Daemon, connection: Any) -> None:
    xen1.kill()
    with pytest.raises(libvirt.libvirtError) as raised:
        libvirt.open(xen1.uri)
    assert raised.value.get_error_code() == libvirt.VIR_ERR_SYSTEM_ERROR


def test_a_daemon_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    with Daemon(tmp_path / "one"):
        port = settings.free_port()
    broken = Daemon(tmp_path / "two", port=port)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "sockets").touch()
    with pytest.raises((RuntimeError, FileExistsError)):
        broken.start()


def test_two_hosts_know_nothing_of_each_other(
    xen1: Daemon, xen2: Daemon, connection: Any, boot_file: str
) -> None:
    connection.createXML(guest("here", boot_file))
    other = libvirt.open(xen2.uri)
    assert [domain.name() for domain in other.listAllDomains()] == ["Domain-0"]


def test_the_simulation_is_compiled_once() -> None:
    first = build.library()
    made = first.stat().st_mtime_ns
    assert build.library() == first
    assert first.stat().st_mtime_ns == made
