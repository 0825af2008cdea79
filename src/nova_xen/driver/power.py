# SPDX-License-Identifier: Apache-2.0
"""Servers switched on and off, and their memory on disk."""

import functools

from nova_xen.driver.base import DriverBase
from nova_xen.model import CoreDump
from nova_xen.operations import dump, power, resume, suspend


class PowerMethods(DriverBase):
    """On, off, reboot, pause, suspend, dump."""

    def power_on(self, name: str, *, discard_memory: bool = False) -> None:
        """Start a server that is off; a suspended one goes on where it was.

        :param discard_memory: boot a suspended one anew instead
        """
        self._require_settled(name, "started")
        power.power_on(self._host, name, discard_memory=discard_memory)

    def power_off(self, name: str, timeout: int | None = None) -> None:
        """Shut the guest down; switch it off when ``timeout`` seconds have passed.

        None takes the option [xen] shutdown_timeout, 0 switches off at once.
        """
        self._require_settled(name, "stopped")
        power.power_off(self._host, name, timeout)

    def reboot(self, name: str, *, hard: bool = False) -> None:
        """Ask the guest to reboot; reset it when it does not, or at once if hard."""
        allowed = functools.partial(self._require_settled, name, "rebooted")
        allowed()
        power.reboot(self._host, name, hard=hard, allowed=allowed)

    def pause(self, name: str) -> None:
        """Stop the guest's vCPUs."""
        self._require_settled(name, "paused")
        power.pause(self._host, name)

    def unpause(self, name: str) -> None:
        """Let the guest's vCPUs go on."""
        self._require_settled(name, "unpaused")
        power.unpause(self._host, name)

    def suspend(self, name: str) -> None:
        """Write the guest's memory to disk and end its domain."""
        self._require_settled(name, "suspended", lasting=True)
        suspend.suspend(self._host, name)

    def resume(self, name: str) -> None:
        """Let a suspended server go on where it was."""
        self._require_settled(name, "resumed")
        resume.resume(self._host, name)

    def trigger_crash_dump(
        self, name: str, path: str | None = None, *, crash: bool = False
    ) -> CoreDump:
        """Write the guest's memory into a file; with ``crash`` the guest ends then.

        Nova's driver injects an NMI, so that the guest dumps itself; libvirt's libxl
        driver has no such call.
        """
        self._require_settled(name, "dumped")
        return dump.dump(self._host, name, path, crash=crash)
