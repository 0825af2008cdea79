# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 and xen2 up
"""Ways that libvirt's own connection and the memory may go, on real Xen."""

from __future__ import annotations

import concurrent.futures
import datetime
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xen.conftest import CONFIG, SLOW, Dom0
from xen.migration import certificates
from xen.migration.conftest import JOURNALS, OPTIONS, Pair, configure
from xen.migration.ticks import goes_on

pytestmark = SLOW
#: waits until two migrations run
BOTH = f"until [ $(ls {JOURNALS} | grep -c 'json$') = 2 ]; do sleep 1; done"


def options(pair: Pair, **others: str) -> None:
    """Other values of ``[libvirt]`` on both hosts; pilots read them again."""
    text = OPTIONS
    for name, value in others.items():
        old = [line for line in text.splitlines() if line.startswith(f"{name} ")]
        for line in old:
            text = text.replace(f"{line}\n", "")
        text = text.replace("[libvirt]\n", f"[libvirt]\n{name} = {value}\n")
    configure(pair.hosts, text)
    for host in pair.hosts:
        pair.close(host)


@pytest.fixture
def settled(clean: Pair) -> Iterator[Pair]:
    """The pair, with its usual options afterwards."""
    yield clean
    options(clean)


@pytest.fixture
def certified(settled: Pair, tmp_path: Path) -> Iterator[Pair]:
    """Hosts that know each other by certificates."""
    certificates.make(tmp_path, [host.name for host in settled.hosts])
    for host in settled.hosts:
        certificates.install(tmp_path, host)
    yield settled
    for host in settled.hosts:
        certificates.remove(host)


@pytest.fixture
def sixth(settled: Pair) -> Iterator[Pair]:
    """Hosts that have addresses of IPv6 as well."""
    for number, host in enumerate(settled.hosts, 1):
        host.sh(f"ip -6 addr replace fd77::{number}/64 dev br0 nodad")
    yield settled
    for number, host in enumerate(settled.hosts, 1):
        host.sh(f"ip -6 addr del fd77::{number}/64 dev br0")


def there(pair: Pair, name: str, **ask: Any) -> dict[str, Any]:
    """One migration that must go well."""
    source, target = pair.hosts
    name = pair.create(name, "pvh")
    told = pair.migrate(name, source, **ask)
    assert told["state"] == "done"
    assert pair.homes(name) == [target.name]
    assert goes_on(target, name)
    assert pair.left_behind(name) == []
    return told


def test_ssh(settled: Pair) -> None:
    options(settled, live_migration_scheme="ssh")
    told = there(settled, "ssh")
    assert told["uri"] == "xen+ssh://xen2/system"
    assert told["bytes_sent"] > 0


@pytest.mark.parametrize("tunnelled", [False, True])
def test_tls(certified: Pair, tunnelled: bool) -> None:
    options(certified, live_migration_scheme="tls")
    told = there(certified, "tls", tunnelled=tunnelled)
    assert told["uri"] == "xen+tls://xen2/system"
    assert (told["bytes_sent"] is None) == tunnelled


def test_ipv6_needs_the_tunnel(sixth: Pair) -> None:
    """libvirt cannot send memory to an IPv6 address but within its own connection."""
    source, target = sixth.hosts
    target.sh(
        f"sed -i 's/^.libvirt.$/&\\nlive_migration_inbound_addr = fd77::2/' {CONFIG}"
    )
    name = sixth.create("six", "pvh")
    told = sixth.ask(source, server=name, host=target.name)
    assert told["error"] == "MigrationRefused", told
    assert "--tunnelled" in told["words"] or "tunnel" in told["words"], told
    assert sixth.homes(name) == [source.name]
    done = sixth.migrate(name, source, tunnelled=True)
    assert done["uri"] == "xen+tcp://[fd77::2]/system"
    assert sixth.homes(name) == [target.name]
    assert goes_on(target, name)


def start(host: Dom0, name: str, target: Dom0) -> None:
    """Ask the command, which returns once the copy has begun."""
    done = host.run("nova-xen", "server", "migrate", name, "--host", target.name)
    assert done.code == 0, done


def ended(host: Dom0, name: str) -> dict[str, Any]:
    """The record of a server's migration, once it has ended."""
    script = (
        f"while nova-xen migration show {name} -f json | grep -q '\"ended\": null'; "
        "do sleep 2; done"
    )
    host.sh(script)
    found: dict[str, Any] = host.told("migration", "show", name)
    return found


def copied(record: dict[str, Any]) -> tuple[float, float]:
    """When its copy began and it had arrived, by its host's clock."""
    begin = datetime.datetime.fromisoformat(record["started"]).timestamp()
    return begin + record["entered"]["copying"], begin + record["entered"]["done"]


def test_two_at_once(settled: Pair) -> None:
    """As many as are allowed go side by side; one more is refused with the number."""
    source, target = settled.hosts
    for host in settled.hosts:
        host.sh(f"sed -i 's/^\\(max_concurrent.*\\) = .*/\\1 = 2/' {CONFIG}")
    names = [settled.create(f"many-{number}", "pvh") for number in range(3)]
    with concurrent.futures.ThreadPoolExecutor() as threads:
        asked = [threads.submit(start, source, name, target) for name in names[:2]]
        # a command may return late on a busy host, when its migration is long over
        source.sh(f"timeout 900 bash -c {shlex.quote(BOTH)}")
        refused = source.nova_xen("server", "migrate", names[2], "--host", target.name)
        for each in asked:
            each.result()
    assert refused.code == 1
    assert "max_concurrent_live_migrations is 2" in refused.err, refused
    records = [ended(source, name) for name in names[:2]]
    assert [record["state"] for record in records] == ["done", "done"]
    # either was there while the other was
    (first, one), (second, other) = (copied(record) for record in records)
    assert max(first, second) < min(one, other)
    for name in names[:2]:
        assert settled.homes(name) == [target.name]
        assert goes_on(target, name)
    assert settled.homes(names[2]) == [source.name]
