# SPDX-License-Identifier: Apache-2.0
"""Lifecycle events for handlers, across restarts of libvirtd.

libvirt calls back on its event loop; what it says is only put aside there. One
thread of ours passes it through the filter and tells the handlers. When the
connection breaks that thread opens another, however long it takes, and then tells
what it must have missed by comparing the guests with what it knew.
"""

import contextlib
import dataclasses
import functools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import libvirt

from nova_xen import exceptions
from nova_xen.hypervisor import errors, events_filter, inventory, lifecycle
from nova_xen.hypervisor.connection import Connection, Raw
from nova_xen.hypervisor.deadlines import Signal
from nova_xen.hypervisor.events_filter import FilterState, Timing
from nova_xen.hypervisor.guest import Guest
from nova_xen.hypervisor.lifecycle import LifecycleEvent, LifecycleKind, Seen

LOG = logging.getLogger(__name__)
Handler = Callable[[LifecycleEvent], None]

_LIFECYCLE = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE


@dataclasses.dataclass(frozen=True, kw_only=True)
class EventOptions:
    """Seconds: the filter's timing, and between attempts to reconnect (doubled)."""

    timing: Timing = dataclasses.field(default_factory=Timing)
    first_retry: float = 0.5
    last_retry: float = 30.0
    keepalive_interval: int = 5
    keepalive_count: int = 3


@dataclasses.dataclass(frozen=True)
class _Opened:
    """A connection was opened: look at the guests."""


@dataclasses.dataclass(frozen=True)
class _Closed:
    """A connection broke; ``raw`` is None when it was dropped already."""

    raw: Raw | None = None


class LifecycleEvents:
    """Tells handlers what happens to the host's guests, Domain-0 left out.

    Handlers run one at a time on one thread and may call libvirt. They should bear
    an event told twice: one that comes while a reconnect compares the guests can be.
    """

    def __init__(
        self, connection: Connection, *, options: EventOptions | None = None
    ) -> None:
        self._connection = connection
        self._options = options or EventOptions()
        self._handlers: list[Handler] = []
        self._incoming: deque[LifecycleEvent | _Opened | _Closed] = deque()
        self._signal = Signal()
        self._stopping = False
        self._callback: int | None = None
        self._thread: threading.Thread | None = None
        self._filter = FilterState()
        self._known: dict[str, Seen] | None = None
        self._made_up: dict[str, LifecycleKind] = {}
        self._retry_at: float | None = None
        self._retry_pause = self._options.first_retry

    def subscribe(self, handler: Handler) -> None:
        """Have ``handler`` called with every event from now on."""
        self._handlers.append(handler)

    def start(self) -> None:
        """Open the connection, register with libvirt and begin to tell.

        :raises HypervisorUnavailable: there is no libvirtd now
        """
        self._connection.on_open(self._register)
        self._connection.on_broken(lambda: self._put(_Closed()))
        self._connection.open()
        self._thread = threading.Thread(
            target=self._run, name="nova-xen-events", daemon=True
        )
        self._thread.start()

    def stop(self, seconds: float = 30) -> None:
        """End the thread; events that are held are not told any more."""
        self._stopping = True
        self._signal.raise_()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)
        self._deregister()

    def _deregister(self) -> None:
        """Take the callbacks back: libvirt keeps a connection that has some."""
        number, self._callback = self._callback, None
        if number is None or not self._connection.is_alive():
            return
        call = functools.partial(self._connection.call, doing="ending events")
        with contextlib.suppress(exceptions.NovaXenError):
            call("domainEventDeregisterAny", number)
            call("unregisterCloseCallback")

    def _register(self, raw: Raw) -> None:
        call = self._connection.direct
        on_event = (None, _LIFECYCLE, self._on_event, None)
        self._callback = call(raw, "domainEventRegisterAny", *on_event)
        call(raw, "registerCloseCallback", self._on_close, None)
        with contextlib.suppress(errors.LibvirtError):
            interval = self._options.keepalive_interval
            call(raw, "setKeepAlive", interval, self._options.keepalive_count)
        self._put(_Opened())

    def _on_event(
        self, _raw: Raw, handle: Any, event: int, detail: int, _opaque: object
    ) -> None:
        uuid, name = handle.UUIDString(), handle.name()
        made = lifecycle.from_libvirt(uuid, name, handle.ID(), event, detail)
        if made is not None and uuid != inventory.DOMAIN_0:
            self._put(made)

    def _on_close(self, raw: Raw, _reason: int, _opaque: object) -> None:
        self._put(_Closed(raw))

    def _put(self, item: LifecycleEvent | _Opened | _Closed) -> None:
        self._incoming.append(item)
        self._signal.raise_()

    def _run(self) -> None:
        while not self._stopping:
            self._signal.wait(self._pause())
            try:
                self._step()
            except exceptions.HypervisorError as error:
                LOG.warning("Events wait for libvirt: %s", error)
                self._retry_later()
            except Exception:
                LOG.exception("An event could not be told")

    def _pause(self) -> float | None:
        dues = (self._retry_at, events_filter.next_due(self._filter))
        times = [due for due in dues if due is not None]
        if self._retry_at is not None:
            times = [self._retry_at]  # a stop cannot be judged before that
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _retry_later(self) -> None:
        self._retry_at = time.monotonic() + self._retry_pause
        self._retry_pause = min(2 * self._retry_pause, self._options.last_retry)

    def _step(self) -> None:
        while self._incoming and not self._stopping:
            self._take(self._incoming.popleft())
        if self._retry_at is not None:
            if time.monotonic() < self._retry_at:
                return
            self._connection.open()
            self._resync()
        self._judge()

    def _take(self, item: LifecycleEvent | _Opened | _Closed) -> None:
        match item:
            case LifecycleEvent():
                if self._made_up.pop(item.uuid, None) is item.kind:
                    return  # the list of guests told it before libvirt did
                now, timing = time.monotonic(), self._options.timing
                state, told = events_filter.feed(self._filter, item, now, timing)
                self._filter = state
                self._tell(told)
            case _Closed(raw):
                if raw is not None:
                    self._connection.drop(raw)
                self._retry_at = self._retry_at or time.monotonic()
            case _Opened():
                self._resync()

    def _resync(self) -> None:
        """Compare with the guests there are; held stops show in that by themselves."""
        found = inventory.take_states(self._connection)
        self._retry_at, self._retry_pause = None, self._options.first_retry
        known, self._filter = self._known, FilterState()
        if known is not None:
            missed = lifecycle.missed(known, found)
            self._made_up = {event.uuid: event.kind for event in missed}
            self._tell(missed)
        self._known = found

    def _judge(self) -> None:
        now, timing = time.monotonic(), self._options.timing
        due = events_filter.next_due(self._filter)
        if due is None or due > now:
            return
        self._filter, told = events_filter.judge(
            self._filter, now, timing, self._is_active
        )
        self._tell(told)

    def _is_active(self, uuid: str) -> bool:
        return Guest(self._connection, uuid, uuid).is_active()

    def _tell(self, told: tuple[LifecycleEvent, ...]) -> None:
        for event in told:
            if self._known is not None:
                self._known = lifecycle.seen_after(self._known, event)
            for handler in self._handlers:
                try:
                    handler(event)
                except Exception:
                    LOG.exception("A handler of events failed and is called again")
