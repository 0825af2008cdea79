# SPDX-License-Identifier: Apache-2.0
"""The moment at which a domain stands still for the last pass of its migration.

Xen's toolstack writes ``suspend`` to the domain's control/shutdown, the guest's kernel
empties it, freezes its processes and stops its devices, and when its last processor
has stopped Xen tells xenstored, which fires ``@releaseDomain``. Milliseconds from the
request, one run each on emulated Xen 4.17:

======================= ======= =====================
guest                   emptied ``@releaseDomain``
======================= ======= =====================
PV (stop and copy)      65      127
PVH                     119     454
HVM                     166     1304
======================= ======= =====================

The guest's processes run for some tens of milliseconds after it emptied the node, so
the moment is the next ``@releaseDomain``. It fires for every domain, and one that ends
elsewhere on this host within those tenths of a second is taken for it: to ask Xen
(``xl list`` took 0.4 to 2 s in a busy emulated dom0) would keep the very processor that
the last pass waits for.

A guest without Xen's drivers is stopped without being asked. There Xen is asked at each
event whether it was this one.
"""

import logging
from collections.abc import Callable
from typing import Any

from nova_xen import exceptions
from nova_xen.hypervisor.deadlines import real_threading
from nova_xen.hypervisor.xenstore import SOCKETS, WatchEvent, Xenstore
from nova_xen.hypervisor.xl import XlToolstack
from nova_xen.model import XenDomain

LOG = logging.getLogger(__name__)

RELEASED = "@releaseDomain"
_SUSPEND = "suspend"
#: seconds to wait for the last answer of Xen; the thread ends by itself after it
_PATIENCE = 10
Ask = Callable[[], tuple[XenDomain, ...]]


class SuspendWatch:
    """Watches one domain of this host from now until :meth:`close`.

    ``domains`` tells what Xen has, by default ``xl list -v``, and is asked only about a
    guest that was not asked to suspend. Nothing is raised: when
    xenstored is not to be reached, or goes, a warning says so once and nobody can
    tell the moment.
    """

    def __init__(
        self,
        domid: int,
        *,
        domains: Ask | None = None,
        sockets: tuple[str, ...] = SOCKETS,
    ) -> None:
        self._domid = domid
        self._domains = domains or XlToolstack().domains
        self._control = f"/local/domain/{domid}/control/shutdown"
        self._requested = False
        self._acknowledged = False
        self._suspended: float | None = None
        self._store: Xenstore | None = None
        self._thread: Any = None
        try:
            self._start(sockets)
        except exceptions.NovaXenError as error:
            self._warn(error)

    def asked(self) -> bool:
        """Whether the guest was asked to suspend, or stands still without being."""
        stands = self._suspended is not None
        return self._requested or self._acknowledged or stands

    def suspended_at(self) -> float | None:
        """Seconds since the epoch, None while it runs or when nobody could tell.

        A domain that goes on after a migration that failed keeps its moment until it
        is asked to suspend again.
        """
        return self._suspended

    def close(self) -> None:
        """Stop watching; what was seen can still be asked for."""
        if self._store is not None:
            self._store.close()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _start(self, sockets: tuple[str, ...]) -> None:
        store = Xenstore(sockets)
        try:
            store.watch(self._control, "control")
            store.watch(RELEASED, "released")
        except exceptions.NovaXenError:
            store.release()
            raise
        self._store = store
        self._thread = real_threading().Thread(
            target=self._run,
            args=(store,),
            name=f"nova-xen-suspend-{self._domid}",
            daemon=True,
        )
        self._thread.start()

    def _run(self, store: Xenstore) -> None:
        try:
            while (event := store.next_event()) is not None:
                self._take(store, event)
        except Exception as error:
            self._warn(error)
        finally:
            store.release()

    def _take(self, store: Xenstore, event: WatchEvent) -> None:
        if event.path == RELEASED:
            self._look(event.at)
            return
        value = store.read(self._control)
        if value == _SUSPEND:
            self._requested, self._acknowledged, self._suspended = True, False, None
        elif value == "" and self._requested:
            self._requested, self._acknowledged = False, True

    def _look(self, at: float) -> None:
        """A domain was shut down or went; keep the time if it was this one."""
        if self._suspended is not None or self._requested:
            return  # known already, or the guest has still to answer
        if self._acknowledged or self._stands_still():
            self._suspended = at

    def _stands_still(self) -> bool:
        """Whether Xen says so; no where it does not answer, which is logged."""
        try:
            found = self._domains()
        except exceptions.NovaXenError as error:
            LOG.warning("Whether domain %d stands still: %s", self._domid, error)
            return False
        return any(each.suspended for each in found if each.domid == self._domid)

    def _warn(self, error: Exception) -> None:
        LOG.warning(
            "When domain %d stands still will not be known: %s", self._domid, error
        )
