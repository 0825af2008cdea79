# SPDX-License-Identifier: Apache-2.0
"""What a contract test may ask of any tier."""

from __future__ import annotations

import abc
import contextlib
from pathlib import Path
from typing import Any

import libvirt

from contract.recorder import Recorder

PREFIX = "contract"
_CUT_BYTES = 100
NIL_UUID = "00000000-0000-0000-0000-000000000000"


def cut(path: Path) -> None:
    """Cut some bytes off the end of a file."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - _CUT_BYTES)


class Tier(abc.ABC):
    """One Xen host, with what no libvirt call can do: files and guests' own acts."""

    name: str
    connection: Any
    # Boot files and images that are there on the host, and one that is not.
    kernel: str
    hvm_kernel: str
    initrd: str
    image: str
    root_image: str
    missing = "/nonexistent/nothing"
    bridge = "br0"

    @abc.abstractmethod
    def connect(self) -> Any:
        """Open one more connection."""

    @abc.abstractmethod
    def guest_reboots(self, name: str) -> None:
        """Let a guest restart from inside."""

    @abc.abstractmethod
    def guest_powers_off(self, name: str) -> None:
        """Let a guest shut down from inside."""

    @abc.abstractmethod
    def guest_crashes(self, name: str) -> None:
        """Let a guest's kernel panic."""

    @abc.abstractmethod
    def restart_daemon(self) -> None:
        """Restart libvirtd under the feet of its guests; reconnects `connection`."""

    @abc.abstractmethod
    def second_host(self) -> tuple[Any, str]:
        """Return a connection to another host and the URI to migrate to it."""

    @abc.abstractmethod
    def fail_saving(self, name: str) -> None:
        """Have libxl fail in the middle of the next save of a guest."""

    @abc.abstractmethod
    def cut_saved_memory(self, name: str) -> None:
        """Cut the end off a guest's file of saved memory."""

    @abc.abstractmethod
    def core_file(self) -> str:
        """Return a path on the host for a core dump, where nothing is."""

    @abc.abstractmethod
    def size_of(self, path: str) -> int:
        """Return the size of a file of the host in bytes."""

    def migrate_parameters(self) -> dict[str, Any]:
        """Return what a migration between the two hosts needs to be told."""
        return {libvirt.VIR_MIGRATE_PARAM_URI: "tcp://127.0.0.1"}

    def wait_booted(self, name: str) -> None:  # noqa: B027 (most need no wait)
        """Wait until a guest can hear requests over its control device."""

    def record(self) -> Recorder:
        """Return a recorder of events that has begun."""
        return Recorder(self.connection)

    def clean(self, connection: Any) -> int:
        """Remove every guest of these tests and return how many there were."""
        guests = [
            domain
            for domain in connection.listAllDomains()
            if domain.name().startswith(PREFIX)
        ]
        for domain in guests:
            with contextlib.suppress(libvirt.libvirtError):
                domain.destroy()
            with contextlib.suppress(libvirt.libvirtError):
                domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
        return len(guests)

    def close(self) -> None:  # noqa: B027 (most hold nothing)
        """Give up what the tier holds."""
