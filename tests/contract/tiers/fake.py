# SPDX-License-Identifier: Apache-2.0
"""The contract against the fake: a new host for each test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contract.tiers.base import Tier, cut
from nova_xen.testing import FakeHost


class FakeTier(Tier):
    """A host that exists in memory alone."""

    name = "fake"

    def __init__(self, folder: Path) -> None:
        for file in ("kernel", "hvm_kernel", "initrd", "image", "root_image"):
            (folder / file).touch()
            setattr(self, file, str(folder / file))
        self._folder = folder
        self.host = FakeHost(cpus=4)
        self.connection = self.host.connect()

    def connect(self) -> Any:
        return self.host.connect()

    def guest_reboots(self, name: str) -> None:
        self.host.guest_reboots(name)

    def guest_powers_off(self, name: str) -> None:
        self.host.guest_powers_off(name)

    def guest_crashes(self, name: str) -> None:
        self.host.guest_crashes(name)

    def fail_saving(self, name: str) -> None:
        self.host.unsavable.add(name)

    def cut_saved_memory(self, name: str) -> None:
        cut(Path(self.host.saves.file(name)))

    def core_file(self) -> str:
        return str(self._folder / "core")

    def size_of(self, path: str) -> int:
        return Path(path).stat().st_size

    def restart_daemon(self) -> None:
        self.host.break_connection()
        self.connection = self.host.connect()

    def second_host(self) -> tuple[Any, str]:
        other = FakeHost("xen2", network=self.host.network)
        return other.connect(), "xen+tcp://xen2/system"
