# SPDX-License-Identifier: Apache-2.0
"""What can happen to a migration between two hosts in memory, at any point."""

from collections.abc import Callable

from nova_xen.testing import Point
from unit.migration.hosts import Hosts

#: the hosts, the one that the server leaves
Disaster = Callable[[Hosts, str], None]


def crash(hosts: Hosts, source: str) -> None:
    """The process that migrates dies."""
    hosts.crash.now()


def cut(hosts: Hosts, source: str) -> None:
    """The connection for memory is closed."""
    for migration in list(hosts.places[source].fake.migrations):
        migration.cut()


def kill_source(hosts: Hosts, source: str) -> None:
    """The source's libvirtd dies and is there again at once."""
    hosts.places[source].fake.kill_daemon()
    hosts.places[source].fake.start_daemon()


def kill_target(hosts: Hosts, source: str) -> None:
    """The destination's libvirtd dies and is there again at once."""
    fake = hosts.places[hosts.far(source)].fake
    fake.kill_daemon()
    fake.start_daemon()


def lose_source_daemon(hosts: Hosts, source: str) -> None:
    """The source's libvirtd dies and stays dead."""
    hosts.places[source].fake.kill_daemon()


def lose_target_daemon(hosts: Hosts, source: str) -> None:
    """The destination's libvirtd dies and stays dead."""
    hosts.places[hosts.far(source)].fake.kill_daemon()


def darken_source(hosts: Hosts, source: str) -> None:
    """The source loses power, and the process that runs there with it."""
    hosts.crash.now()
    hosts.darken(source)


def darken_target(hosts: Hosts, source: str) -> None:
    """The destination loses power."""
    hosts.darken(hosts.far(source))


def unplug(hosts: Hosts, source: str) -> None:
    """The link between the hosts is cut."""
    hosts.places[hosts.far(source)].fake.unplug()


def end_arriving(hosts: Hosts, source: str) -> None:
    """Somebody ends the arriving domain by Xen's own tool."""
    target = hosts.places[hosts.far(source)]
    for record in target.fake.xen:
        if record.paused:
            target.toolstack.destroy(record.domid)


ALL: tuple[Disaster, ...] = (
    crash,
    cut,
    kill_source,
    kill_target,
    lose_source_daemon,
    lose_target_daemon,
    darken_source,
    darken_target,
    unplug,
    end_arriving,
)
#: at STARTED these lose libvirt's last answer: it resumes the source, and the guest
#: runs at the destination already
UNANSWERED = frozenset({kill_target, lose_target_daemon, unplug})


def loses(disaster: Disaster, point: Point) -> bool:
    """Whether the host that has the only memory loses power."""
    return disaster is darken_source or (
        disaster is darken_target and point in (Point.STARTED, Point.CONFIRMED)
    )
