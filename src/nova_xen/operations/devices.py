# SPDX-License-Identifier: Apache-2.0
"""Devices plugged in and taken out, whatever they are.

Killed at any moment: libvirt does what it was asked in one call, first for what runs
and then for the next start. What a daemon that dies in between leaves is in one of the
two documents; it is told when the device is added again, and removed from where it is.
"""

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Iterator

from nova_xen import exceptions
from nova_xen.domain import Disk, Domain
from nova_xen.domain.tree import tostring
from nova_xen.hypervisor import Guest, LogMark
from nova_xen.images import devices_lock
from nova_xen.model import FrontendState, GuestMode, PluggedDevice, Where
from nova_xen.operations import frontends
from nova_xen.operations.alone import alone
from nova_xen.operations.host import Host
from nova_xen.operations.saved import forget_beside
from nova_xen.operations.steps import Step, run_steps
from nova_xen.planning.attached import (
    Device,
    Documents,
    Found,
    Match,
    changed_where,
    check_drive_gone,
    until_when,
)
from nova_xen.planning.plugged import plugged_devices
from nova_xen.rules import mode_of

LOG = logging.getLogger(__name__)

#: seconds between attempts to take a device out; libxl itself waits some ten in each
PAUSES: tuple[float, ...] = (1, 2, 4, 8)


@dataclasses.dataclass(frozen=True)
class Subject:
    """A server whose devices change; ``where`` is what may be changed of it now."""

    host: Host
    guest: Guest
    domain: Domain
    where: Where

    @property
    def name(self) -> str:
        """The server's name."""
        return self.guest.name

    @property
    def mode(self) -> GuestMode:
        """The kind of guest."""
        return mode_of(self.domain)

    def documents(self) -> Documents:
        """What it has now, and at its next start; it may have gone off meanwhile."""
        live = self.guest.domain() if self.guest.is_active() else None
        return Documents(live, self.guest.domain(inactive=True))

    def require_changeable(self) -> None:
        """See that its devices may still change: libvirt may be asked by others too.

        :raises WrongState: they may not, as when it was suspended meanwhile
        """
        changed_where(self.name, self.guest.state())


def list_devices(host: Host, name: str) -> tuple[PluggedDevice, ...]:
    """What a server has plugged in now, and what it is to have at its next start."""
    guest, domain = host.find(name)
    where = Where(live=guest.is_active(), config=True)
    return plugged_devices(Subject(host, guest, domain, where).documents())


@contextlib.contextmanager
def changing(host: Host, name: str) -> Iterator[Subject]:
    """The server, with no other process at work on it or on devices of this host.

    :raises ServerBusy: another process starts, saves or removes it
    :raises WrongState: its devices cannot change now
    """
    guest, domain = host.find(name)
    lock = devices_lock(host.options.instances_path, server=guest.name)
    with lock, alone(host, guest, "given or relieved of devices"):
        where = changed_where(guest.name, guest.state())
        # memory from before would know nothing of the change
        forget_beside(guest)
        yield Subject(host, guest, domain, where)


def what(device: Device) -> str:
    """The word for a device in sentences."""
    return "disk" if isinstance(device, Disk) else "network interface"


class Plugging:
    """Plugs one device in, or leaves the server as it was."""

    def __init__(self, subject: Subject, device: Device, match: Match) -> None:
        self._subject = subject
        self._device = device
        self._match = match
        self._state: FrontendState | None = None
        self._domid: int | None = None

    def run(self) -> FrontendState | None:
        """Plug it in; gives what the guest makes of it, None when that is not known.

        :raises StepFailed: libvirt refused, or the host does not serve it
        """
        steps = [
            Step("plug it in", self._plug, self._take_out),
            Step("find it in its definitions", self._check),
        ]
        if self._subject.where.live:
            steps.append(Step("have the host serve it", self._await))
        name = self._subject.name
        run_steps(name, f"given a {what(self._device)}", steps, LogMark.take(name))
        return self._state

    def _plug(self) -> None:
        xml = tostring(self._device.to_xml())
        self._domid = self._subject.guest.domid()
        self._subject.guest.attach_device(xml, self._subject.where)

    def _take_out(self) -> None:
        """What stays in the guest for good is not to come back with its next start.

        What is plugged in while a guest runs has no emulated drive until that reboots.
        """
        subject = self._subject
        left, why = _try_out(subject, self._match, self._require_drive_gone)
        if left.live is not None and left.config is not None:
            _detach(subject, left.config, Where(live=False, config=True))
            left = subject.documents().find(self._match)
        if left.device is not None:
            raise exceptions.DeviceStays(
                server=subject.name,
                what=what(left.device),
                device=label(left.device),
                until=until_when(left.where),
                why=why,
            )

    def _require_drive_gone(self, subject: Subject, live: Device | None) -> None:
        if subject.guest.domid() != self._domid:
            _require_drive_gone(subject, live)

    def _check(self) -> None:
        documents = self._subject.documents()
        wanted = Where(live=documents.live is not None, config=True)
        if documents.find(self._match).where != wanted:
            raise self._failed("libvirt took it and does not show it")

    def _await(self) -> None:
        subject = self._subject
        self._state = frontends.await_frontend(
            subject.host, subject.guest, self._device
        )
        if self._state is FrontendState.UNSERVED:
            raise self._failed(
                "Xen's side of it does not come up, as when QEMU cannot open an image; "
                f"see /var/log/xen/qemu-dm-{subject.name}.log"
            )

    def _failed(self, why: str) -> exceptions.HypervisorError:
        return exceptions.HypervisorError(
            doing="plugging a device into",
            server=f" server {self._subject.name}",
            why=why,
            code=None,
        )


def unheard(
    subject: Subject, state: FrontendState | None, device: str
) -> tuple[str, ...]:
    """What should be known when a guest has not said that it took a device."""
    if not subject.where.live or state is FrontendState.CONNECTED:
        return ()
    if state is None:
        return (
            f"whether the guest has taken {device} is not known, since xenstored could "
            "not be asked",
        )
    return (
        f"the guest has not taken {device} yet: it is still booting, or has no driver "
        "of Xen's for it",
    )


def label(device: Device) -> str:
    """A disk's name, or an interface's address."""
    return device.target_dev if isinstance(device, Disk) else device.mac or ""


def take_out(subject: Subject, match: Match) -> tuple[str, ...]:
    """Take a device out of wherever it is, and see that it is gone.

    :returns: what should be known
    :raises DetachFailed: the guest holds it, whatever time it was given
    :raises DeviceKept: the guest may go on with an emulated drive of the same disk
    :raises WrongState: it was suspended or paused meanwhile
    """
    first = subject.documents().find(match)
    left, why = _try_out(subject, match, _require_drive_gone)
    if left.device is not None:
        device = left.device
        raise exceptions.DetachFailed(
            server=subject.name, what=what(device), device=label(device), why=why
        )
    return _still_seen(subject, first)


def _try_out(
    subject: Subject,
    match: Match,
    check: Callable[[Subject, Device | None], None],
) -> tuple[Found, str]:
    """Ask for a device several times, while it is anywhere.

    :param check: asked each time before
    :returns: where it is still, and why
    """
    found, why = subject.documents().find(match), ""
    for pause in (*PAUSES, None):
        if found.device is None:
            break
        subject.require_changeable()
        check(subject, found.live)
        why = _detach(subject, found.device, found.where)
        found = subject.documents().find(match)
        if found.device is not None and pause is not None:
            time.sleep(pause)
            found = subject.documents().find(match)
    return found, why


def _require_drive_gone(subject: Subject, live: Device | None) -> None:
    """Asked anew each time, for a guest that reboots has its emulated drives again."""
    if isinstance(live, Disk):
        taken = frontends.is_taken(subject.host, subject.guest, live)
        check_drive_gone(subject.name, subject.mode, live, taken=taken)


def _detach(subject: Subject, device: Device, where: Where) -> str:
    """Ask once; gives why it may still be there.

    :raises HypervisorUnavailable, DeadlineExceeded: nobody knows what became of it
    """
    try:
        subject.guest.detach_device(tostring(device.to_xml()), where)
    except (exceptions.HypervisorUnavailable, exceptions.DeadlineExceeded):
        raise
    except exceptions.HypervisorError as error:
        LOG.info("%s", error)
        return str(error.context["why"])
    return "libvirt let go of it and still shows it"


def _still_seen(subject: Subject, found: Found) -> tuple[str, ...]:
    device = found.live
    if device is None or not frontends.is_held(subject.host, subject.guest, device):
        return ()
    return (
        f"the guest has not let go of {label(device)} yet, and what it does with it is "
        "lost",
    )
