# SPDX-License-Identifier: Apache-2.0
"""The contract against a real host, given by environment variables.

NOVA_XEN_LAB_URI         xen+tcp://127.0.0.1:16501/system
NOVA_XEN_LAB_SSH         a command that runs its last argument in dom0's shell
NOVA_XEN_LAB_KERNEL      a small guest's kernel for PV and PVH, a path in dom0
NOVA_XEN_LAB_HVM_KERNEL  its kernel for HVM
NOVA_XEN_LAB_INITRD      its initrd, which heeds requests to shut down and restart
NOVA_XEN_LAB_READY       what it says on its console once it is up
NOVA_XEN_LAB_RESTART     a command that restarts libvirtd in dom0; tests that need it
                         are skipped without
NOVA_XEN_LAB_OTHER_URI   another host, and
NOVA_XEN_LAB_TARGET      its URI as the first host sees it; likewise
"""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from typing import Any

import libvirt
import pytest

from contract.tiers.base import PREFIX, Tier
from libxl.rig.loop import start_event_loop

_BOOT_SECONDS = 300.0
_TICK_SECONDS = 1.0
_FOLDER = "/var/lib/nova-xen-contract"
_CONSOLES = "/var/log/xen/console"
_SAVES = "/var/lib/libvirt/libxl/save"
_CORE = "/var/tmp/contract.core"


class LabTier(Tier):
    """A Xen host somebody else keeps running."""

    name = "lab"
    image = f"{_FOLDER}/image.raw"
    root_image = f"{_FOLDER}/root.raw"

    def __init__(self) -> None:
        start_event_loop()
        self._uri = _setting("NOVA_XEN_LAB_URI")
        self.kernel = _setting("NOVA_XEN_LAB_KERNEL")
        self.hvm_kernel = _setting("NOVA_XEN_LAB_HVM_KERNEL")
        self.initrd = _setting("NOVA_XEN_LAB_INITRD")
        self._ready = _setting("NOVA_XEN_LAB_READY")
        self.dom0(
            f"mkdir -p {_FOLDER} && truncate -s 16M {self.image} {self.root_image}"
        )
        self.connection = self.connect()

    def connect(self) -> Any:
        return libvirt.open(self._uri)

    def dom0(self, command: str) -> str:
        """Run a shell command in dom0 and return what it says."""
        words = [*shlex.split(_setting("NOVA_XEN_LAB_SSH")), command]
        result = subprocess.run(words, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"{command} failed in dom0: {result.stderr}")
        return result.stdout

    def clean(self, connection: Any) -> int:
        removed = super().clean(connection)
        if removed:
            self.dom0(f"rm -f {_CONSOLES}/guest-{PREFIX}-*.log")
        return removed

    def wait_booted(self, name: str) -> None:
        log = f"{_CONSOLES}/guest-{name}.log"
        count = f"grep -c {shlex.quote(self._ready)} {log} 2>/dev/null || true"
        deadline = time.monotonic() + _BOOT_SECONDS
        while self.dom0(count).strip() in ("", "0"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} did not say {self._ready} on its console")
            time.sleep(_TICK_SECONDS)

    def guest_reboots(self, name: str) -> None:
        self.wait_booted(name)
        self.dom0(f"xl reboot {name}")

    def guest_powers_off(self, name: str) -> None:
        self.wait_booted(name)
        self.dom0(f"xl shutdown {name}")

    def guest_crashes(self, name: str) -> None:
        self.wait_booted(name)
        self.dom0(f"xl sysrq {name} c")

    def fail_saving(self, name: str) -> None:
        pytest.skip("a full disk is tried in tests/xen")

    def cut_saved_memory(self, name: str) -> None:
        # far from its end: what is last of a real guest is not needed to restore it
        self.dom0(f"truncate -s 2M {_SAVES}/{shlex.quote(name)}.save")

    def core_file(self) -> str:
        self.dom0(f"rm -f {_CORE}")
        return _CORE

    def size_of(self, path: str) -> int:
        return int(self.dom0(f"stat -c %s {shlex.quote(path)}"))

    def restart_daemon(self) -> None:
        command = os.environ.get("NOVA_XEN_LAB_RESTART")
        if not command:
            pytest.skip("NOVA_XEN_LAB_RESTART is not given")
        self.dom0(command)
        self.connection = self.connect()

    def second_host(self) -> tuple[Any, str]:
        other = os.environ.get("NOVA_XEN_LAB_OTHER_URI")
        target = os.environ.get("NOVA_XEN_LAB_TARGET")
        if not other or not target:
            pytest.skip("NOVA_XEN_LAB_OTHER_URI and NOVA_XEN_LAB_TARGET are not given")
        connection = libvirt.open(other)
        super().clean(connection)
        return connection, target

    def migrate_parameters(self) -> dict[str, Any]:
        return {}


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise pytest.UsageError(f"--tier lab needs the environment variable {name}")
    return value
