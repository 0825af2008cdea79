# SPDX-License-Identifier: Apache-2.0
"""Servers switched on and off."""

from nova_xen.driver.base import DriverBase
from nova_xen.operations import power


class PowerMethods(DriverBase):
    """On, off, reboot, pause."""

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
