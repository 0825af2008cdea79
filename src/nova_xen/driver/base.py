# SPDX-License-Identifier: Apache-2.0
"""What every part of the driver stands on: the host, its options, its migrations."""

import contextlib
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from oslo_config import cfg

from nova_xen.hypervisor import EventLoop, LifecycleEvent, LifecycleEvents
from nova_xen.migration.unsettled import any_journal
from nova_xen.operations import spawn
from nova_xen.operations.host import Host, open_host

if TYPE_CHECKING:
    from nova_xen.migration.service import Migrations


class DriverBase:
    """Opens the host at its first use, and lets go of it."""

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

    def _let_go(self, uuid: str) -> None:
        held = self._images.pop(uuid, None)
        if held is not None:
            held.close()

    @functools.cached_property
    def _migrations(self) -> "Migrations":
        # most commands migrate nothing and need none of it
        from nova_xen.migration.open import open_migrations

        return open_migrations(self._host, self._conf)

    def _require_settled(
        self, name: str, action: str, *, lasting: bool = False
    ) -> None:
        """See that no migration of it is under way, or was cut short, on this host.

        What stands still for one may run at the other host.

        :param lasting: what is done outlives the server's domain: recovery would undo
            it, even where the server never left
        """
        if any_journal(self._conf.xen.migration_state_path):
            self._migrations.require_settled(name, action, lasting=lasting)
