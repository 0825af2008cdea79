# SPDX-License-Identifier: Apache-2.0
"""LibvirtDriver: what a cloud, or a person, asks of a Xen host.

One short method for each operation, by Nova's names; each hands over to operations.
"""

from collections.abc import Callable, Iterator

from oslo_config import cfg

from nova_xen.hypervisor import EventLoop, LifecycleEvent, LifecycleEvents
from nova_xen.images import Progress, no_progress
from nova_xen.model import DiskFormat, HostFacts, Instance, Plan, Server, ServerSummary
from nova_xen.operations import console, delete, power, query, spawn
from nova_xen.operations.host import Host, open_host
from nova_xen.operations.request import CreateRequest, build_instance


class LibvirtDriver:
    """A Xen host through libvirt.

    Names of servers may be given as name or UUID. Every method raises a subclass of
    :class:`nova_xen.exceptions.NovaXenError`.
    """

    def __init__(self, conf: cfg.ConfigOpts, *, host: Host | None = None) -> None:
        self._host = host or open_host(conf)
        self._events: LifecycleEvents | None = None

    def init_host(self) -> tuple[str, ...]:
        """Undo what a killed process left half done; names what was removed."""
        return spawn.clean_up_unfinished(self._host)

    def cleanup_host(self) -> None:
        """Stop listening to events and close the connection."""
        if self._events is not None:
            self._events.stop()
            self._events = None
        self._host.connection.close()

    def register_event_listener(
        self, handler: Callable[[LifecycleEvent], None]
    ) -> None:
        """Call ``handler`` for what happens to guests, whoever made it happen.

        A guest's own reboot is no stop; a restart of libvirtd is survived.
        """
        if self._events is None:
            self._host.connection.use_loop(EventLoop.shared())
            self._events = LifecycleEvents(self._host.connection)
            self._events.start()
        self._events.subscribe(handler)

    def build_instance(self, request: CreateRequest) -> Instance:
        """Check the request's name and image, and give it a UUID and MACs."""
        return build_instance(request)

    def plan(self, instance: Instance) -> Plan:
        """Decide everything about a server and touch nothing."""
        return spawn.plan(self._host, instance)

    def spawn(self, plan: Plan, progress: Progress = no_progress) -> Server:
        """Make the server that was planned and start it; all or nothing."""
        return spawn.spawn(self._host, plan, progress)

    def destroy(self, name: str) -> None:
        """Switch the server off and remove it with its disks."""
        delete.delete(self._host, name)

    def power_on(self, name: str) -> None:
        """Start a server that is off."""
        power.power_on(self._host, name)

    def power_off(self, name: str, timeout: int | None = None) -> None:
        """Shut the guest down; switch it off when ``timeout`` seconds have passed.

        None takes the option [xen] shutdown_timeout, 0 switches off at once.
        """
        power.power_off(self._host, name, timeout)

    def reboot(self, name: str, *, hard: bool = False) -> None:
        """Ask the guest to reboot; reset it when it does not, or at once if hard."""
        power.reboot(self._host, name, hard=hard)

    def pause(self, name: str) -> None:
        """Stop the guest's vCPUs."""
        power.pause(self._host, name)

    def unpause(self, name: str) -> None:
        """Let the guest's vCPUs go on."""
        power.unpause(self._host, name)

    def list_servers(self) -> tuple[ServerSummary, ...]:
        """Every server of this host, by name."""
        return query.list_servers(self._host)

    def list_instances(self) -> list[str]:
        """Names of the servers."""
        return [server.name for server in self.list_servers()]

    def list_instance_uuids(self) -> list[str]:
        """UUIDs of the servers."""
        return [server.uuid for server in self.list_servers()]

    def get_info(self, name: str) -> Server:
        """Everything about one server."""
        return query.get_server(self._host, name)

    def get_console_output(self, name: str, max_bytes: int = 100 * 1024) -> bytes:
        """The last bytes the guest printed on its console."""
        return console.read(self._host, name, max_bytes)

    def follow_console(self, name: str) -> Iterator[bytes]:
        """What the guest has printed and goes on printing, until it is gone."""
        return console.follow(self._host, name)

    def get_host(self) -> HostFacts:
        """What this host is and has."""
        return self._host.facts(DiskFormat)
