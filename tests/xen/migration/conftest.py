# SPDX-License-Identifier: Apache-2.0
"""Two real Xen hosts with one folder of instances, shared by NFS."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from xen.conftest import CONFIG, GUEST, PREFIX, READY, Dom0, boot
from xen.resident import Resident

PILOT = Path(__file__).with_name("pilot.py")

METRICS = "/var/lib/nova-xen/t-migrations.prom"
JOURNALS = "/var/lib/nova-xen/migrations/journals"
SHARED = "/srv/nova/instances"
#: what the guest boots with; each MiB goes over slowly on emulated hosts
MEMORY_MIB = 96
OPTIONS = f"""[DEFAULT]
max_concurrent_live_migrations = 4
use_cow_images = false
instances_path = {SHARED}
[libvirt]
live_migration_scheme = tcp
live_migration_monitor_interval = 1.0
[xen]
libvirtd_restart_command = nova-xen-lab-libvirtd restart
migration_metrics_path = {METRICS}
"""


class Pair:
    """The two hosts, and where a server is.

    Several processes of pytest may share them, each with servers of its own prefix.
    """

    def __init__(self, xen1: Dom0, xen2: Dom0, prefix: str) -> None:
        self.hosts = (xen1, xen2)
        self.prefix = prefix
        self._uuids: dict[str, str] = {}
        self._pilots = {host.name: Resident(host.name, PILOT) for host in self.hosts}

    def ask(self, host: Dom0, /, **ask: Any) -> dict[str, Any]:
        """What came of it at the driver on one of the hosts (pilot.py).

        Empty when its process died over it.
        """
        return self._pilots[host.name].ask(ask)

    def close(self, host: Dom0) -> None:
        """End the programs on a host: it is asked anew the next time."""
        self._pilots[host.name].close()
        host.command.close()

    def forget(self, host: Dom0) -> None:
        """The host is gone, and the programs on it."""
        self._pilots[host.name].forget()
        host.command.forget()

    def migrate(self, name: str, source: Dom0, **ask: Any) -> dict[str, Any]:
        """Move a server to the other host; the record, when that went well."""
        target = self.other(source)
        told = self.ask(source, server=name, host=target.name, **ask)
        assert "record" in told, told
        record: dict[str, Any] = told["record"]
        return record

    def other(self, host: Dom0) -> Dom0:
        """The host that is not this one."""
        return self.hosts[1] if host is self.hosts[0] else self.hosts[0]

    def homes(self, name: str) -> list[str]:
        """Names of hosts on which Xen runs the guest, by Xen's own word."""
        return [host.name for host in self.hosts if self.runs(host, name)]

    def runs(self, host: Dom0, name: str) -> bool:
        """Whether a domain of that name is there and not paused or ended."""
        listed = host.sh("xl list").splitlines()[1:]
        states = [row.split()[4] for row in listed if row.split()[0] == name]
        return any(set(state) & {"r", "b"} or state == "------" for state in states)

    def create(
        self, name: str, mode: str, *, line: str = "", ram: int = MEMORY_MIB
    ) -> str:
        """A server on the shared folder of the first host that has reported in.

        :returns: its name, which begins with this process's prefix
        """
        name = f"{self.prefix}{name}"
        arguments = list(boot(mode))
        arguments[-1] += f" nova_xen.ticks {line}".rstrip()
        made = self.hosts[0].told(
            *("server", "create", name, "--image", f"{GUEST}/guest.raw"),
            *("--ram", str(ram), "--network", "bridge=br0"),
            *("--wait-for", READY, "--timeout", "1500"),
            *arguments,
        )
        self._uuids[name] = made["id"]
        return name

    def left_behind(self, name: str) -> list[str]:
        """What a migration must not leave: journals, locks, domains without a name."""
        uuid, found = self._uuids[name], []
        for host in self.hosts:
            journals = host.sh(f"ls -A {JOURNALS} 2>/dev/null | grep -F {uuid} ||:")
            found += [f"{host.name}: {each}" for each in journals.split()]
            domains = [row.split()[0] for row in host.sh("xl list").splitlines()[2:]]
            found += [
                f"{host.name}: {each}"
                for each in domains
                if each not in self._uuids
                if any(re.match(own, each) for own in self._own)
            ]
            proofs = host.sh(f"find {SHARED}/{uuid} -name '.nova-xen-proof*'")
            found += proofs.split()
        return found

    @property
    def _own(self) -> tuple[str, ...]:
        """How names of this process's domains begin, and of those without a name.

        As regular expressions.
        """
        alone = "PYTEST_XDIST_WORKER" not in os.environ
        return (self.prefix, "[(]null[)]") if alone else (self.prefix,)

    def wipe(self) -> None:
        """Remove every server of this process, whatever state it is in."""
        pattern = "|".join(f"^{each}" for each in self._own)
        for host in self.hosts:
            host.sh(_WIPE.format(prefix=self.prefix, pattern=pattern, shared=SHARED))
        for uuid in self._uuids.values():
            for host in self.hosts:
                host.sh(f"rm -f {JOURNALS}/*{uuid}*")
            self.hosts[0].sh(f"rm -rf {SHARED}/{uuid}")
        self._uuids.clear()


_WIPE = """
for name in $(virsh -c xen:///system list --all --name | grep '^{prefix}'); do
    rm -rf {shared}/$(virsh -c xen:///system domuuid $name)
    virsh -c xen:///system destroy $name
    virsh -c xen:///system undefine $name
done >/dev/null 2>&1
for id in $(xl list | awk '$1 ~ /{pattern}/ {{print $2}}'); do xl destroy $id; done
"""


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both hosts with the same options and the shared folder."""
    xen1, xen2 = Dom0("xen1"), Dom0("xen2")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    # of all processes of this run
    common = tmp_path_factory.getbasetemp().parent if worker else None
    with _one_at_a_time(common):
        xen1.sh("nova-xen-lab-nfs serve")
        xen2.sh("nova-xen-lab-nfs mount xen1")
        configure((xen1, xen2), OPTIONS)
    made = Pair(xen1, xen2, f"{PREFIX}{worker}-" if worker else PREFIX)
    made.wipe()
    yield made
    with contextlib.suppress(AssertionError):
        made.wipe()
    for host in made.hosts:
        made.close(host)


@contextlib.contextmanager
def _one_at_a_time(folder: Path | None) -> Iterator[None]:
    """Two processes must not begin to serve the folder at once."""
    if folder is None:
        yield
        return
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def configure(hosts: Sequence[Dom0], text: str) -> None:
    """Give hosts the options of these tests, in a file of their own."""
    for host in hosts:
        host.sh(f"mkdir -p /etc/nova-xen {SHARED}; cat >{CONFIG} <<'END'\n{text}END")


@pytest.fixture
def clean(pair: Pair) -> Iterator[Pair]:
    """The hosts without servers before and after a test."""
    yield pair
    pair.wipe()
