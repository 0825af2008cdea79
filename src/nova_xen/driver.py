# SPDX-License-Identifier: Apache-2.0
"""LibvirtDriver: what a cloud, or a person, asks of a Xen host.

One short method for each operation, by Nova's names; each hands over to operations.
"""

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from oslo_config import cfg

from nova_xen.hypervisor import EventLoop, LifecycleEvent, LifecycleEvents
from nova_xen.images import InspectedImage, Progress, no_progress
from nova_xen.migration.unsettled import any_journal
from nova_xen.model import (
    CachedImage,
    DiskFormat,
    HostFacts,
    Instance,
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    Plan,
    RecoveryPlan,
    Removal,
    Scrubbed,
    Server,
    ServerSummary,
)
from nova_xen.operations import console, delete, image, power, query, spawn
from nova_xen.operations.host import Host, open_host
from nova_xen.operations.request import CreateRequest, build_instance

if TYPE_CHECKING:
    from nova_xen.migration.interfaces import Peer
    from nova_xen.migration.service import Migrations


class LibvirtDriver:
    """A Xen host through libvirt.

    Names of servers may be given as name or UUID. Every method raises a subclass of
    :class:`nova_xen.exceptions.NovaXenError`.
    """

    def __init__(self, conf: cfg.ConfigOpts, *, host: Host | None = None) -> None:
        self._host = host or open_host(conf)
        self._conf = conf
        self._events: LifecycleEvents | None = None
        #: what keeps downloaded images from being removed, by the server's UUID
        self._images: dict[str, contextlib.ExitStack] = {}

    def init_host(self, host: str | None = None) -> tuple[str, ...]:
        """Undo what a killed process left half done; names what was removed.

        :param host: the host's name, which a service gives that starts: migrations that
            were cut short are settled then too, for ten seconds at most before it goes
            on. A command gives none, and leaves them to :meth:`recover_migrations`.
        """
        removed = spawn.clean_up_unfinished(self._host)
        if host is not None:
            self._migrations.start_service()
        return removed

    def cleanup_host(self) -> None:
        """Stop listening to events, let go of other hosts and close the connection."""
        if "_migrations" in vars(self):  # made when it is first needed
            self._migrations.close()
        if self._events is not None:
            self._events.stop()
            self._events = None
        for uuid in list(self._images):
            self._let_go(uuid)
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

    def build_instance(
        self,
        request: CreateRequest,
        *,
        fetch: bool = True,
        progress: Progress = no_progress,
    ) -> Instance:
        """Check the request's name and image, and give it a UUID and MACs.

        A downloaded image stays at least until the server is spawned.

        :param fetch: False looks at the beginning of a remote image alone, which is
            enough to plan
        """
        if not fetch:
            foreseen = image.foreseen_image(self._host, request)
            return build_instance(request, foreseen)
        with contextlib.ExitStack() as stack:
            held = image.held_image(self._host, request, progress)
            instance = build_instance(request, stack.enter_context(held))
            self._images[instance.uuid] = stack.pop_all()
        return instance

    def plan(self, instance: Instance) -> Plan:
        """Decide everything about a server and touch nothing.

        The image of one that cannot be is let go.
        """
        try:
            return spawn.plan(self._host, instance)
        except BaseException:
            self._let_go(instance.uuid)
            raise

    def spawn(self, plan: Plan, progress: Progress = no_progress) -> Server:
        """Make the server that was planned and start it; all or nothing."""
        try:
            return spawn.spawn(self._host, plan, progress)
        finally:
            self._let_go(plan.instance.uuid)

    def _let_go(self, uuid: str) -> None:
        held = self._images.pop(uuid, None)
        if held is not None:
            held.close()

    def destroy(self, name: str) -> None:
        """Switch the server off and remove it with its disks."""
        self._require_settled(name, "deleted")
        delete.delete(self._host, name)

    def power_on(self, name: str) -> None:
        """Start a server that is off."""
        self._require_settled(name, "started")
        power.power_on(self._host, name)

    def power_off(self, name: str, timeout: int | None = None) -> None:
        """Shut the guest down; switch it off when ``timeout`` seconds have passed.

        None takes the option [xen] shutdown_timeout, 0 switches off at once.
        """
        self._require_settled(name, "stopped")
        power.power_off(self._host, name, timeout)

    def reboot(self, name: str, *, hard: bool = False) -> None:
        """Ask the guest to reboot; reset it when it does not, or at once if hard."""
        self._require_settled(name, "rebooted")
        power.reboot(self._host, name, hard=hard)

    def pause(self, name: str) -> None:
        """Stop the guest's vCPUs."""
        self._require_settled(name, "paused")
        power.pause(self._host, name)

    def unpause(self, name: str) -> None:
        """Let the guest's vCPUs go on."""
        self._require_settled(name, "unpaused")
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

    def inspect_image(
        self, path: str, image_format: str | None = None
    ) -> InspectedImage:
        """What a file proves to be; the format is raw, qcow2, vhd or iso."""
        return image.inspect_file(path, image_format)

    @functools.cached_property
    def _migrations(self) -> "Migrations":
        # most commands migrate nothing and need none of it
        from nova_xen.migration.open import open_migrations

        return open_migrations(self._host, self._conf)

    def _require_settled(self, name: str, action: str) -> None:
        """See that no migration of it is under way, or was cut short, on this host.

        What stands still for one may run at the other host.
        """
        if any_journal(self._conf.xen.migration_state_path):
            self._migrations.require_settled(name, action)

    def migrate(
        self,
        request: MigrationRequest,
        watch: Callable[[MigrationProgress], None] | None = None,
    ) -> MigrationRecord:
        """Move a running server to another host; returns when it has ended."""
        return self._migrations.migrate(request, watch)

    def list_migrations(self) -> tuple[MigrationRecord, ...]:
        """The migrations that began here, the newest first."""
        return self._migrations.list()

    def get_migration(self, migration: str) -> MigrationRecord:
        """One migration by its id, or the newest of a server."""
        return self._migrations.get(migration)

    def migration_log(self, uuid: str) -> str:
        """Path of the log of a server's migrations that run by themselves."""
        return self._migrations.log(uuid)

    def abort_migration(self, server: str) -> None:
        """Have a running migration let the server stay here."""
        self._migrations.abort(server)

    def force_complete_migration(self, server: str) -> None:
        """Have a running migration slow the guest down until it is over."""
        self._migrations.force_complete(server)

    def recover_migrations(
        self,
        servers: Collection[str] = (),
        *,
        lost_hosts: Collection[str] = (),
        tell: Callable[[str], None] | None = None,
    ) -> tuple[RecoveryPlan, ...]:
        """Settle migrations whose process died, on either host.

        :param lost_hosts: other hosts that are off and will not come back with a guest
            running
        :param tell: told in a sentence what is waited for
        """
        return self._migrations.recover(servers, lost_hosts=lost_hosts, tell=tell)

    def migration_peer(self) -> "Peer":
        """This host as the destination of others' migrations."""
        return self._migrations.peer

    def list_image_cache(self) -> tuple[CachedImage, ...]:
        """The images that this host keeps."""
        return image.list_cache(self._host)

    def scrub_image_cache(
        self, progress: Progress = no_progress
    ) -> tuple[Scrubbed, ...]:
        """Read the images kept again; damaged ones go unless they are in use."""
        return image.scrub_cache(self._host, progress)

    def prune_image_cache(
        self, *, everything: bool = False, dry_run: bool = False
    ) -> tuple[Removal, ...]:
        """Remove images that are not in use and old, or above the limit."""
        return image.prune_cache(self._host, everything=everything, dry_run=dry_run)
