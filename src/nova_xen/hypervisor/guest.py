# SPDX-License-Identifier: Apache-2.0
"""A handle on one guest: libvirt's calls that operations need, nothing more.

Round trips: one for each method, but ``state`` (one to three, see there), the
calls that must look before (``shutdown``, ``reboot``: those of ``state`` more), and
a look-up after libvirtd was restarted. What is about saved memory stands in
:mod:`nova_xen.hypervisor.guest_saving`.
"""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import libvirt
import tenacity

from nova_xen import exceptions
from nova_xen.domain import Domain, parse_domain
from nova_xen.hypervisor import power
from nova_xen.hypervisor.connection import Connection, Raw
from nova_xen.hypervisor.deadlines import Kind
from nova_xen.hypervisor.errors import ErrorCode, code_of
from nova_xen.hypervisor.guest_saving import GuestSaving
from nova_xen.model import PowerState, Where

_UNKNOWN_FLAG = {
    ErrorCode.INVALID_ARG,
    ErrorCode.NO_SUPPORT,
    ErrorCode.ARGUMENT_UNSUPPORTED,
    ErrorCode.OPERATION_UNSUPPORTED,
}

_ADVICE = {
    PowerState.PAUSED: "unpause it first",
    PowerState.STOPPING: "wait until it is off",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scheduler:
    """Xen's credit scheduler: ``cap`` in percent of one CPU, 0 for none."""

    weight: int
    cap: int


class Guest(GuestSaving):
    """A guest by its UUID; it outlives restarts of libvirtd."""

    def __init__(self, connection: Connection, uuid: str, name: str) -> None:
        self.uuid = uuid
        self.name = name
        self._connection = connection
        self._handle: tuple[Raw, Any] | None = None

    @classmethod
    def of(cls, connection: Connection, handle: Any) -> "Guest":
        """The guest behind libvirt's own object, without a round trip."""
        made = cls(connection, handle.UUIDString(), handle.name())
        made._handle = (handle.connect(), handle)
        return made

    def __repr__(self) -> str:
        return f"Guest({self.name}, {self.uuid})"

    def start(self, *, paused: bool = False) -> None:
        """Build the Xen domain and run it, or keep it paused.

        :raises WrongState: it runs already
        """
        flags = libvirt.VIR_DOMAIN_START_PAUSED if paused else 0
        self._start(flags, "starting", Kind.CREATE)

    def restore(self) -> None:
        """Build the Xen domain of a suspended guest and keep it paused.

        libvirt removes its saved memory first, whether it can be restored or not.

        :raises WrongState: it runs already
        """
        self._start(libvirt.VIR_DOMAIN_START_PAUSED, "restoring", Kind.RESTORE)

    def _start(self, flags: int, doing: str, kind: Kind) -> None:
        try:
            self._call("createWithFlags", flags, doing=doing, kind=kind)
        except exceptions.HypervisorError as error:
            if code_of(error) is not ErrorCode.OPERATION_INVALID:
                raise
            self._must_be_off("started", error)
            raise

    def _must_be_off(self, action: str, error: Exception) -> None:
        state = self.state()
        if state not in power.OFF_STATES:
            advice = "wait until it is off, or force it off first"
            raise exceptions.WrongState(
                server=self.name, action=action, state=state, advice=advice
            ) from error

    def shutdown(self) -> None:
        """Ask the guest to shut down; it may take its time or not listen.

        :raises WrongState: it is off, or paused, which libxl would wait 60 s for
        """
        self._must_run("shut down")
        self._call("shutdown", doing="shutting down", kind=Kind.SHUTDOWN)

    def reboot(self) -> None:
        """Ask the guest to restart; it comes back with another domain id.

        :raises WrongState: it does not run
        """
        self._must_run("rebooted")
        self._call("reboot", 0, doing="rebooting", kind=Kind.REBOOT)

    def _must_run(self, action: str) -> None:
        state = self.state()
        if state is not PowerState.RUNNING:
            advice = _ADVICE.get(state, "start it first")
            raise exceptions.WrongState(
                server=self.name, action=action, state=state, advice=advice
            )

    def destroy(self) -> bool:
        """Force the guest off; False when it had no domain or is gone altogether."""
        try:
            self._call("destroy", doing="forcing off", kind=Kind.DESTROY)
        except exceptions.ServerNotFound:
            return False
        except exceptions.HypervisorError as error:
            if code_of(error) is not ErrorCode.OPERATION_INVALID or self.is_active():
                raise
            return False
        return True

    def undefine(self) -> bool:
        """Forget the definition and the saved memory; False when there was none."""
        flags = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
        call = functools.partial(self._call, doing="deleting", kind=Kind.DEFINE)
        try:
            call("undefineFlags", flags)
        except exceptions.ServerNotFound:
            return False
        except exceptions.HypervisorError as error:
            code = code_of(error)
            if code is ErrorCode.OPERATION_INVALID and not self._is_persistent():
                return False
            if code not in _UNKNOWN_FLAG:
                raise
            if self.has_image():
                self.discard_image()
            call("undefine")
        return True

    def suspend(self) -> None:
        """Stop the guest's processors and keep it in memory (pause)."""
        self._call("suspend", doing="pausing", kind=Kind.SUSPEND)

    def resume(self) -> None:
        """Let a paused guest go on."""
        self._call("resume", doing="unpausing", kind=Kind.RESUME)

    def state(self) -> PowerState:
        """What the guest is doing; STOPPED only once its Xen domain is gone.

        Round trips: one, two for a shut off guest, three when its saved memory cannot
        be seen.
        """
        return self.state_and_reason()[0]

    def state_and_reason(self) -> tuple[PowerState, int]:
        """The state, and libvirt's reason (virDomainShutoffReason and its like)."""
        state, reason = self.raw_state()
        active = power.is_shut_off(state) and self.is_active()
        unsure = not active and power.may_be_saved(state, reason)
        saved = unsure and self.has_saved_memory()
        return power.power_state(state, reason, active=active, saved=saved), reason

    def raw_state(self) -> tuple[int, int]:
        """libvirt's own state and reason, in one round trip."""
        state, reason = self._call("state", doing="reading the state of")
        return state, reason

    def is_active(self) -> bool:
        """Whether there is a Xen domain; no for a guest that is gone."""
        try:
            return bool(self._call("isActive", doing="reading the state of"))
        except exceptions.ServerNotFound:
            return False

    def _is_persistent(self) -> bool:
        return bool(self._call("isPersistent", doing="reading the state of"))

    def domid(self) -> int | None:
        """Xen's domain id of now (a reboot changes it), None when off."""
        handle = self._connection.call(
            "lookupByUUIDString", self.uuid, doing="looking up", server=self.name
        )
        number: int = handle.ID()
        return None if number < 0 else number

    def xml(self, *, inactive: bool = False, secure: bool = False) -> str:
        """The document as of now, or of the next start; ``secure`` with passwords."""
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
        flags |= libvirt.VIR_DOMAIN_XML_SECURE if secure else 0
        text: str = self._call("XMLDesc", flags, doing="reading the definition of")
        return text

    def domain(self, *, inactive: bool = False) -> Domain:
        """The document, parsed.

        :raises ValueError: it holds what this package does not know
        """
        return parse_domain(self.xml(inactive=inactive))

    def scheduler(self) -> Scheduler:
        """Weight and cap of a running guest."""
        found = self._call("schedulerParameters", doing="reading the scheduler of")
        return Scheduler(weight=found["weight"], cap=found["cap"])

    def set_scheduler(
        self, *, weight: int | None = None, cap: int | None = None
    ) -> None:
        """Change weight and cap of a running guest; None leaves one as it is."""
        asked = {"weight": weight, "cap": cap}
        values = {key: value for key, value in asked.items() if value is not None}
        if values:
            self._call(
                "setSchedulerParameters",
                values,
                doing="setting the scheduler of",
                kind=Kind.DEVICE,
            )

    def attach_device(self, xml: str, where: Where) -> None:
        """Plug a device into what runs, into what starts next time, or into both.

        libvirt plugs it in first and keeps the definition then, in one call: a daemon
        that dies in between leaves it plugged in and not defined.
        """
        self._change_device("attachDeviceFlags", xml, where, "plugging a device into")

    def detach_device(self, xml: str, where: Where) -> None:
        """Take a device out; libxl waits some seconds for the guest to let it go."""
        self._change_device("detachDeviceFlags", xml, where, "taking a device out of")

    def update_device(self, xml: str, where: Where) -> None:
        """Change the medium of a CD drive; libxl can change nothing else."""
        self._change_device("updateDeviceFlags", xml, where, "changing a device of")

    def _change_device(self, method: str, xml: str, where: Where, doing: str) -> None:
        flags = libvirt.VIR_DOMAIN_AFFECT_LIVE if where.live else 0
        flags |= libvirt.VIR_DOMAIN_AFFECT_CONFIG if where.config else 0
        self._call(method, xml, flags, doing=doing, kind=Kind.DEVICE)

    def wait_for_state(
        self,
        condition: Callable[[PowerState | None], bool],
        seconds: float,
        *,
        interval: float = 0.5,
    ) -> PowerState | None:
        """Look at the state until ``condition`` holds or ``seconds`` went by.

        Returns the last state seen, None once the guest is gone; the caller judges
        it. Looks every ``interval`` seconds.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda state: not condition(state)),
            stop=tenacity.stop_after_delay(seconds),
            wait=tenacity.wait_fixed(interval),
            sleep=lambda pause: time.sleep(pause),
            retry_error_callback=lambda last: last.outcome and last.outcome.result(),
        )
        return retrying(self._state_or_gone)

    def _state_or_gone(self) -> PowerState | None:
        try:
            return self.state()
        except exceptions.ServerNotFound:
            return None

    def query(self, method: str, *arguments: Any) -> Any:
        """What libvirt's ``method`` tells of the guest; for calls that only count."""
        return self._call(method, *arguments, doing="reading the counters of")

    def _call(
        self, method: str, *arguments: Any, doing: str, kind: Kind = Kind.QUERY
    ) -> Any:
        return self._connection.call(
            method, *arguments, doing=doing, server=self.name, kind=kind, on=self._on
        )

    def _on(self, raw: Raw) -> Any:
        if self._handle is None or self._handle[0] is not raw:
            found = self._connection.direct(raw, "lookupByUUIDString", self.uuid)
            self._handle = (raw, found)
        return self._handle[1]
