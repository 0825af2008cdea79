# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 and xen2 up
"""What a service does as it starts, and what is left to a person, on real Xen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from xen.conftest import SLOW, Dom0
from xen.migration.conftest import Pair
from xen.migration.hosts import (
    ARM,
    FIRE,
    LAST_PASS,
    MID_COPY,
    POWER_OFF,
    is_up,
    power_on,
    whole_again,
)
from xen.migration.ticks import goes_on

pytestmark = SLOW
#: seconds for libvirt and the kernel to find that the other host is gone
PATIENCE = 1500
VIRSH = "virsh -q -c xen:///system"


@pytest.fixture
def restored(clean: Pair) -> Iterator[Pair]:
    """The pair, whose hosts are whole again however the test ended."""
    yield clean
    whole_again(clean)


def await_(what: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(5)


def peers(host: Dom0) -> list[str]:
    """Process ids of the programs that other hosts have started there."""
    return host.sh("pgrep -f 'migration\\ [p]eer' ||:").split()


def recovered(pair: Pair, host: Dom0, name: str, *lost: str) -> dict[str, Any]:
    """What recovery says about a server's migration."""
    told = pair.ask(host, recover=[name], lost=lost)
    assert len(told.get("plans", ())) == 1, told
    plan: dict[str, Any] = told["plans"][0]
    return plan


def defined(host: Dom0, name: str) -> bool:
    """Whether libvirt has a definition of it that outlives the host's reboot."""
    return name in host.sh(f"{VIRSH} list --all --persistent --name").split()


def test_a_service_settles_what_died_and_keeps_its_peer(clean: Pair) -> None:
    """Two servers go by the same program over there, which ends with the service."""
    source, target = clean.hosts
    names = [clean.create(each, "pvh") for each in ("died", "second", "third")]
    asked = {"server": names[0], "host": target.name, "do": "die", **MID_COPY}
    assert clean.ask(source, **asked) == {}
    clean.ask(source, service=source.name)
    await_(lambda: clean.left_behind(names[0]) == [])
    assert clean.homes(names[0]) == [target.name]
    assert defined(target, names[0])
    assert not defined(source, names[0])
    seen = []
    for name in names[1:]:
        assert clean.migrate(name, source)["state"] == "done"
        seen.append(peers(target))
    assert len(seen[0]) == 1
    assert seen[0] == seen[1]
    clean.ask(source, service="")
    await_(lambda: peers(target) == [])
    for name in names:
        assert goes_on(target, name)
        assert clean.left_behind(name) == []


@pytest.mark.parametrize("moment", ["mid-copy", "last pass"])
def test_a_lost_host_is_for_a_person(restored: Pair, moment: str) -> None:
    """The process and the other host die; only a person may say that it is off.

    In mid-copy the guest runs here, whatever the other host has, and its connection is
    closed when nothing has gone over for a minute.
    """
    source, target = restored.hosts
    name = restored.create("lost", "pvh")
    target.sh(ARM.format(POWER_OFF))
    when = MID_COPY if moment == "mid-copy" else LAST_PASS
    asked = {"server": name, "host": target.name, "do": "die", "after": FIRE, **when}
    assert restored.ask(source, **asked) == {}
    await_(lambda: not is_up(target))
    plan = recovered(restored, source, name)
    if moment == "mid-copy":
        assert plan["state"] == "failed"
        assert restored.runs(source, name)
    else:
        assert plan["state"] == "undecided"
        assert f"--lost-host {target.name}" in plan["sentence"]
    assert recovered(restored, source, name, target.name)["state"] == "failed"
    assert restored.runs(source, name)
    assert goes_on(source, name)
    power_on(restored)
    told = restored.ask(target, recover=[])
    assert all(each["state"] == "failed" for each in told["plans"]), told
    assert restored.homes(name) == [source.name]
    assert not defined(target, name)
    assert restored.left_behind(name) == []


def test_a_host_that_is_there_is_not_lost(clean: Pair) -> None:
    """A word of it is enough, whatever a person is sure of."""
    source, target = clean.hosts
    name = clean.create("there", "pvh")
    asked = {"server": name, "host": target.name, "do": "die", "journal": "preparing"}
    assert clean.ask(source, **asked) == {}
    told = clean.ask(source, recover=[], lost=[target.name])
    assert told["error"] == "HostNotLost", told
    assert recovered(clean, source, name)["state"] == "failed"
    assert clean.homes(name) == [source.name]
    assert clean.left_behind(name) == []


def test_a_definition_that_went_with_the_power_is_made_again(restored: Pair) -> None:
    """The server has arrived, the process dies, the destination loses its power."""
    source, target = restored.hosts
    name = restored.create("defined", "pvh")
    asked = {"server": name, "host": target.name, "do": "die", "journal": "finishing"}
    assert restored.ask(source, **asked) == {}
    assert restored.homes(name) == [target.name]
    # what a file system that had not written it yet comes back without
    target.sh(f"{VIRSH} undefine {name}; sync")
    target.sh(ARM.format(POWER_OFF))
    source.sh(FIRE)
    await_(lambda: not is_up(target))
    power_on(restored)
    assert not any(defined(host, name) for host in restored.hosts)
    plan = recovered(restored, source, name)
    assert plan["state"] == "failed"
    assert [host.name for host in restored.hosts if defined(host, name)] == ["xen1"]
    assert restored.homes(name) == []
    assert source.nova_xen("server", "start", name).code == 0
    assert goes_on(source, name)
    assert restored.left_behind(name) == []
