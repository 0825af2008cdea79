# SPDX-License-Identifier: Apache-2.0
"""How guests of a fake host start, stop, restart and die."""

from __future__ import annotations

import contextlib
import copy
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import libvirt
from lxml import etree

from nova_xen.testing import building, errors, xmltext
from nova_xen.testing.guest import Guest
from nova_xen.testing.saved import SaveFolder
from nova_xen.testing.xen_domains import XenDomains, XenRecord
from nova_xen.testing.xmltext import Element

LIFECYCLE = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
_XEN_OVERHEAD_MIB = 43
_GUEST_OVERHEAD_KIB = 1024
_FIRST_VNC_PORT = 5900


class Life:
    """The part of a host that runs guests; see FakeHost for the rest."""

    memory_mib: int
    exists: Callable[[str], bool]
    bridges: set[str] | None

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.guests: dict[str, Guest] = {}
        #: Xen's truth: also what libvirt does not see
        self.xen = XenDomains()
        #: where libvirt keeps the memory of guests that are suspended to disk
        self.saves = SaveFolder()
        self._next_id = 1
        self._lingering = False

    def emit(self, event_id: int, guest: Guest, *details: Any) -> None:
        """Tell every connection of an event."""
        raise NotImplementedError

    def lifecycle(self, guest: Guest, event: int, detail: int) -> None:
        """Tell of a change in a guest's life."""
        self.emit(LIFECYCLE, guest, event, detail)

    @property
    def free_kib(self) -> int:
        """Memory no domain has, in KiB."""
        used = sum(
            guest.memory_kib + (_GUEST_OVERHEAD_KIB if guest.id > 0 else 0)
            for guest in self.guests.values()
            if guest.active
        )
        used += sum(one.memory_kib + _GUEST_OVERHEAD_KIB for one in self._orphans())
        return (self.memory_mib - _XEN_OVERHEAD_MIB) * 1024 - used

    def _orphans(self) -> list[XenRecord]:
        """Domains that libvirt does not see, or not yet."""
        seen = {guest.id for guest in self.guests.values()}
        return [one for one in self.xen if one.domid not in seen]

    def fits(self, memory_kib: int) -> bool:
        """Whether a domain of so much memory can be made."""
        return memory_kib + _GUEST_OVERHEAD_KIB <= self.free_kib

    def next_domain_id(self) -> int:
        """Return a domain id never used before; Xen spends one on failures too."""
        domain_id = self._next_id
        self._next_id += 1
        return domain_id

    def start(
        self,
        guest: Guest,
        paused: bool,
        *,
        restored: bool = False,
        whole: bool = True,
        domid: int | None = None,
    ) -> None:
        """Build the guest's domain and run it; raise what libxl refuses.

        `domid` is the one of a domain that was made already, `whole` whether its memory
        came to the end.
        """
        building.check_guest(guest.current)
        if not restored and self.saves.has(guest.name):
            restored, whole = True, self._take_up(guest)
        try:
            number = self.next_domain_id() if domid is None else domid
            self._build(guest, restored, number, whole=whole)
        except libvirt.libvirtError:
            guest.end_run()
            raise
        event = (
            libvirt.VIR_DOMAIN_EVENT_STARTED_RESTORED
            if restored
            else libvirt.VIR_DOMAIN_EVENT_STARTED_BOOTED
        )
        self.xen.pause(guest.id, paused)
        if paused:
            guest.set_state(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)
        else:
            guest.set_state(
                libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED
            )
        self.lifecycle(guest, libvirt.VIR_DOMAIN_EVENT_STARTED, event)

    def _take_up(self, guest: Guest) -> bool:
        """Have a guest go on with its saved memory; tell whether that is whole.

        libvirt removes the file first. The definition of the next start stays.
        """
        document, whole = self.saves.take(guest.name, guest.uuid)
        guest.saved = False
        if guest.future is None:
            guest.future = guest.current
        guest.current = document
        return whole

    def _build(
        self, guest: Guest, restored: bool, domain_id: int, *, whole: bool
    ) -> None:
        root = guest.current
        if not whole or not self._xen_accepts(root):
            what = "restore" if restored else "create new"
            detail = f"libxenlight failed to {what} domain '{guest.name}'"
            raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail)
        guest.begin_run(domain_id)
        guest.memory_kib = xmltext.kib(root.find("currentMemory")) or 0
        self.xen.add(XenRecord(domain_id, guest.name, guest.uuid, guest.memory_kib))
        shares = root.findtext("cputune/shares")
        guest.weight, guest.cap = int(shares) if shares else 256, 0
        guest.has_qemu = building.needs_qemu(root)
        guest.empty_drives = building.empty_drives(root)
        name_live_devices(guest)
        self._open_displays(guest)

    def _open_displays(self, guest: Guest) -> None:
        for graphics in guest.current.findall("devices/graphics[@type='vnc']"):
            if graphics.get("autoport") == "yes":
                used = self._display_ports()
                free = (port for port in itertools.count(_FIRST_VNC_PORT))
                port = next(port for port in free if str(port) not in used)
                graphics.set("port", str(port))

    def _display_ports(self) -> set[str | None]:
        return {
            graphics.get("port")
            for guest in self.guests.values()
            if guest.active
            for graphics in guest.current.findall("devices/graphics")
        }

    def _xen_accepts(self, root: Element) -> bool:
        needed = xmltext.kib(root.find("currentMemory")) or 0
        if not self.fits(needed) or self.xen.named(root.findtext("name", "")):
            return False
        boot = [root.findtext(f"os/{tag}") for tag in ("kernel", "initrd")]
        if not all(self.exists(path) for path in boot if path):
            return False
        return all(
            building.has_backend(disk) for disk in root.findall("devices/disk")
        ) and all(map(self.has_bridge, root.findall("devices/interface")))

    def has_bridge(self, nic: Element) -> bool:
        """Tell whether the bridge of a network device exists."""
        source = nic.find("source")
        if self.bridges is None or nic.get("type") != "bridge" or source is None:
            return True
        return source.get("bridge") in self.bridges

    def stop(self, guest: Guest, reason: int, event: int) -> None:
        """End the guest's domain and tell of it; a transient guest is forgotten."""
        guest.set_state(libvirt.VIR_DOMAIN_SHUTOFF, reason)
        stopped = copy.copy(guest)
        self._end(guest)
        self.lifecycle(stopped, libvirt.VIR_DOMAIN_EVENT_STOPPED, event)

    def _end(self, guest: Guest) -> None:
        self.xen.remove(guest.id)
        guest.end_run()
        if not guest.persistent:
            self.guests.pop(guest.uuid, None)

    def guest_powers_off(self, name: str) -> None:
        """Let a guest shut down from inside."""
        self._guest_ends(
            name,
            "on_poweroff",
            libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN,
            libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN,
        )

    def guest_crashes(self, name: str) -> None:
        """Let a guest's kernel panic."""
        self._guest_ends(
            name,
            "on_crash",
            libvirt.VIR_DOMAIN_SHUTOFF_CRASHED,
            libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED,
        )

    def guest_reboots(self, name: str) -> None:
        """Let a guest restart from inside; it comes back with a new domain id."""
        self._guest_ends(
            name,
            "on_reboot",
            libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN,
            libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN,
        )

    def _guest_ends(self, name: str, action: str, reason: int, event: int) -> None:
        with self.lock:
            guest = self.guest(name)
            guest.check_active()
            guest.set_state(libvirt.VIR_DOMAIN_SHUTOFF, reason)
            self.xen.shut_down(guest.id)
            if self._lingering:
                return
            match guest.current.findtext(action, "destroy"):
                case "restart" | "rename-restart" | "coredump-restart":
                    self._restart(guest, event)
                case "preserve":
                    self.lifecycle(guest, libvirt.VIR_DOMAIN_EVENT_STOPPED, event)
                case _:
                    self.stop(guest, reason, event)

    def _restart(self, guest: Guest, event: int) -> None:
        stopped = copy.copy(guest)
        self.xen.remove(guest.id)
        guest.end_run()
        with contextlib.suppress(libvirt.libvirtError):
            self.start(guest, paused=False)
        # libvirt queues STOPPED when its thread is done: after STARTED.
        self.lifecycle(stopped, libvirt.VIR_DOMAIN_EVENT_STOPPED, event)

    @contextlib.contextmanager
    def lingering(self) -> Iterator[None]:
        """Keep guests that end half dead, as they are for seconds on a real host.

        Their state says shut off while they still have a domain, and no event came
        yet. At the end of the context they are gone.
        """
        self._lingering = True
        try:
            yield
        finally:
            self._lingering = False
            with self.lock:
                for guest in list(self.guests.values()):
                    if guest.active and guest.state == libvirt.VIR_DOMAIN_SHUTOFF:
                        self.stop(
                            guest,
                            guest.reason,
                            libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN,
                        )

    def guest(self, name: str) -> Guest:
        """Return what the host knows of a guest."""
        raise NotImplementedError


def name_live_devices(guest: Guest) -> None:
    """Give a running guest's devices the names libxl and xenconsoled give."""
    root, number = guest.current, guest.id
    for index, nic in enumerate(root.findall("devices/interface")):
        if nic.find("target") is None:
            model = nic.find("model")
            front = model is not None and model.get("type") == "netfront"
            suffix = "-emu" if guest.os_type == "hvm" and not front else ""
            etree.SubElement(nic, "target", dev=f"vif{number}.{index}{suffix}")
    _name_serial_lines(root)
    for console in root.findall("devices/console[@type='pty']"):
        console.set("tty", f"/dev/pts/{number}")
        xmltext.child(console, "source", 0).set("path", f"/dev/pts/{number}")


def _name_serial_lines(root: Element) -> None:
    for index, serial in enumerate(root.findall("devices/serial")):
        etree.SubElement(serial, "alias", name=f"serial{index}")
    for console in root.findall("devices/console"):
        if xmltext.attribute(console, "target", "type") == "serial":
            etree.SubElement(console, "alias", name="serial0")
