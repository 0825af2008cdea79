# SPDX-License-Identifier: Apache-2.0
"""One connection to libvirtd, opened when first needed and again when it broke.

``Connection.call`` makes exactly one libvirt call: under a deadline, counted, its
errors turned into this package's. A query is repeated on a new connection when the
old one died under it; a call that changes something is never made twice.
"""

import contextlib
import dataclasses
import functools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import libvirt
import tenacity

from nova_xen import exceptions
from nova_xen.hypervisor import errors
from nova_xen.hypervisor.deadlines import Deadlines, Kind, Runner, real_threading
from nova_xen.hypervisor.event_loop import EventLoop
from nova_xen.hypervisor.saves import SaveFolder

DEFAULT_URI = "xen:///system"
ATTEMPTS = 5
_HOPELESS = (exceptions.NoXen, exceptions.NotPermitted)

#: libvirt's own connection object, which has no types
Raw = Any
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class _Request:
    """What is to be done with a connection at once."""

    calls: Callable[[Raw], Any]
    doing: str
    server: str
    kind: Kind


class _Lost(Exception):
    """The connection died; ``repeatable`` when the call may be made again."""

    def __init__(self, raw: Raw, error: Any, *, repeatable: bool) -> None:
        super().__init__()
        self.raw = raw
        self.error = error
        self.repeatable = repeatable


class Connection:
    """libvirtd at ``uri``, shared by all threads.

    ``calls`` counts round trips by libvirt's method name. ``loop`` is needed for
    events of the real libvirt; ``opener`` stands for ``libvirt.open`` in tests, and
    ``sleep`` for the seconds between attempts. ``saves`` is its folder of saved memory.
    """

    def __init__(
        self,
        uri: str = DEFAULT_URI,
        *,
        opener: Callable[[str], Raw] = libvirt.open,
        deadlines: Deadlines | None = None,
        loop: EventLoop | None = None,
        sleep: Callable[[float], None] = lambda seconds: time.sleep(seconds),
        save_folder: str | None = None,
    ) -> None:
        self.uri = uri
        self.saves = SaveFolder(save_folder)
        self.calls: Counter[str] = Counter()
        self._opener = opener
        self._deadlines = deadlines or Deadlines()
        self._loop = loop
        self._runner = Runner()
        self._lock = threading.Lock()
        self._count_lock = real_threading().Lock()
        self._current: Raw | None = None
        self._was_open = False
        self._opened: list[Callable[[Raw], None]] = []
        self._broken: list[Callable[[], None]] = []
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=0.1, max=1),
            retry=tenacity.retry_if_exception(self._worth_repeating),
            sleep=sleep,
            reraise=True,
        )

    def use_loop(self, loop: EventLoop) -> None:
        """Have events delivered by ``loop`` from now on; once is enough.

        libvirt wants its loop to run before a connection is opened, so one that is
        open already is opened anew at its next use.
        """
        if self._loop is None:
            self._loop = loop
            self.close()

    def on_open(self, listener: Callable[[Raw], None]) -> None:
        """Have ``listener(raw)`` called with every connection newly opened.

        It runs before anyone uses the connection, on a thread of its own, and may
        make libvirt calls on ``raw``. It is called now if there is a connection.
        """
        self._opened.append(listener)
        raw = self._current
        if raw is not None:
            doing = f"preparing {self.uri}"
            self._run(Kind.OPEN, doing, functools.partial(listener, raw))

    def on_broken(self, listener: Callable[[], None]) -> None:
        """Have ``listener()`` called when a connection was found dead."""
        self._broken.append(listener)

    def call(
        self,
        method: str,
        *arguments: Any,
        doing: str,
        server: str = "",
        kind: Kind = Kind.QUERY,
        on: Callable[[Raw], Any] | None = None,
    ) -> Any:
        """Call libvirt's ``method`` on the connection, or on what ``on(raw)`` gives.

        ``doing`` says in an error what was being done ("starting"), ``server`` to
        whom ("web1").

        :raises HypervisorUnavailable: no daemon, no Xen, no permission, or the
            connection died under a call that may not be repeated
        :raises ServerNotFound: libvirt knows no such domain and ``server`` is given
        :raises DeadlineExceeded: no answer in the time for this ``kind``
        :raises HypervisorError: every other refusal; ``code_of`` tells which
        """

        def one(raw: Raw) -> Any:
            target = raw if on is None else on(raw)
            return self.direct(target, method, *arguments)

        return self.together(one, doing=doing, server=server, kind=kind)

    def together(
        self,
        calls: Callable[[Raw], _T],
        *,
        doing: str,
        server: str = "",
        kind: Kind = Kind.QUERY,
    ) -> _T:
        """What ``calls(raw)`` makes of several calls by :meth:`direct`.

        They have one deadline and one change of threads, which costs more than a call.

        :raises NovaXenError: as :meth:`call`
        """
        request = _Request(calls, doing, server, kind)
        try:
            made: _T = self._retrying(self._attempt, request)
            return made
        except _Lost as lost:
            raise self._lost_error(lost, request) from lost.error

    def direct(self, target: Any, method: str, *arguments: Any) -> Any:
        """Call and count a libvirt method from inside ``on`` or ``together``."""
        with self._count_lock:
            self.calls[method] += 1
        return getattr(target, method)(*arguments)

    def is_alive(self) -> bool:
        """Whether there is a connection now that answers; none is opened."""
        raw = self._current
        if raw is None:
            return False
        with contextlib.suppress(exceptions.NovaXenError):
            return bool(self._run(Kind.QUERY, "asking for life", raw.isAlive))
        return False

    def open(self) -> None:
        """Open the connection now when there is none.

        :raises HypervisorUnavailable: no daemon, no Xen or no permission
        """
        self._raw()

    def drop(self, raw: Raw) -> None:
        """Forget a connection found dead; the next call opens another."""
        with self._locked():
            if self._current is not raw:
                return
            self._current = None
        self._close(raw)
        for listener in self._broken:
            listener()

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._lock:
            raw, self._current = self._current, None
        if raw is not None:
            self._close(raw)
        self._runner.close()

    def _worth_repeating(self, error: BaseException) -> bool:
        if isinstance(error, _Lost):
            return error.repeatable
        unreachable = isinstance(error, exceptions.HypervisorUnavailable)
        return self._was_open and unreachable and not isinstance(error, _HOPELESS)

    def _attempt(self, request: _Request) -> Any:
        raw = self._raw()
        doing = request.doing + errors.of_server(request.server)
        try:
            return self._run(
                request.kind, doing, functools.partial(self._invoke, raw, request)
            )
        except _Lost as lost:
            self.drop(lost.raw)
            raise
        except errors.LibvirtError as error:
            made = errors.calling_error(error, request.doing, request.server)
            raise made from error

    def _invoke(self, raw: Raw, request: _Request) -> Any:
        if not raw.isAlive():
            raise _Lost(raw, None, repeatable=True)  # nothing was sent yet
        try:
            return request.calls(raw)
        except errors.LibvirtError as error:
            query = request.kind is Kind.QUERY
            if errors.is_broken(error) and (query or not raw.isAlive()):
                raise _Lost(raw, error, repeatable=query) from error
            raise

    def _run(self, kind: Kind, doing: str, function: Callable[[], Any]) -> Any:
        return self._runner.run(doing, self._deadlines.of(kind), function)

    def _raw(self) -> Raw:
        with self._locked():
            if self._current is None:
                self._current = self._open()
                self._was_open = True
            return self._current

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        seconds = 2 * self._deadlines.open
        if not self._lock.acquire(timeout=seconds):
            raise exceptions.DeadlineExceeded(
                seconds=seconds, doing=f"opening {self.uri}", server="", code=None
            )
        try:
            yield
        finally:
            self._lock.release()

    def _open(self) -> Raw:
        errors.silence_libvirt()
        if self._loop is not None:
            self._loop.start()
        try:
            return self._run(Kind.OPEN, f"opening {self.uri}", self._prepared)
        except errors.LibvirtError as error:
            raise errors.opening_error(error, self.uri) from error

    def _prepared(self) -> Raw:
        raw = self._opener(self.uri)
        for listener in self._opened:
            listener(raw)
        return raw

    def _close(self, raw: Raw) -> None:
        with contextlib.suppress(errors.LibvirtError, exceptions.NovaXenError):
            self._run(Kind.QUERY, f"closing {self.uri}", raw.close)

    def _lost_error(self, lost: _Lost, request: _Request) -> Exception:
        doing = request.doing + errors.of_server(request.server)
        return errors.lost(lost.error, self.uri, doing, repeated=lost.repeatable)
