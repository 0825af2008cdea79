# SPDX-License-Identifier: Apache-2.0
"""nova-xen inside dom0 of a real Xen host (``tools/xenlab up``)."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xen.resident import TOP, Resident

PRELOADED = Path(__file__).with_name("preloaded.py")
GUEST = "/srv/guest"
#: seconds; everything is emulated, and the machine may have other work
COMMAND_SECONDS = 1800
READY = "NOVA-XEN-GUEST ready"
KERNEL_LINE = (
    "root=LABEL=nova-xen-guest console=hvc0 quiet mitigations=off tsc=reliable"
)
CONFIG = "/etc/nova-xen/nova-xen.conf"
PREFIX = "t-"
_CODE = "EXIT-CODE "
#: of what takes long, and of which something like it is always run
SLOW = pytest.mark.skipif(
    not os.environ.get("NOVA_XEN_LAB_SLOW"), reason="set NOVA_XEN_LAB_SLOW=1"
)
#: an HVM kernel is unpacked by its own code, the others may be plain ELF
KERNELS = {"pv": "vmlinux", "pvh": "vmlinux", "hvm": "vmlinuz"}
MODES = {
    "pv": ("--property", "vm_mode=xen"),
    "pvh": ("--property", "hw_machine_type=xenpvh"),
    "hvm": ("--property", "vm_mode=hvm"),
}


@dataclasses.dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str


class Dom0:
    """Commands run as root in dom0 of one host."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.command = Resident(name, PRELOADED)

    def run(self, *command: str, seconds: float = COMMAND_SECONDS) -> Done:
        """Run a command there and wait for its end, whatever it is.

        The exit code comes with the output: ssh loses it when its connection ends
        in the same moment.
        """
        line = f"{shlex.join(command)}; printf '\\n{_CODE}%d' $?"
        done = subprocess.run(
            [TOP / "tools/xenlab", "ssh", self.name, line],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        out, found, code = done.stdout.rpartition(f"\n{_CODE}")
        assert found, f"{line} was cut off: {done.stdout}\n{done.stderr}"
        return Done(int(code), out, done.stderr)

    def sh(self, script: str) -> str:
        """What a shell script prints; it must succeed."""
        done = self.run("bash", "-c", script)
        assert done.code == 0, f"{script}\n{done.out}\n{done.err}"
        return done.out

    def upload(self, source: Path, folder: str) -> None:
        """Copy a file of this machine into a folder there, without its holes."""
        pack = ["tar", "-C", str(source.parent), "-cSf", "-", source.name]
        unpack = [TOP / "tools/xenlab", "ssh", self.name, f"tar -C {folder} -xSf -"]
        with subprocess.Popen(pack, stdout=subprocess.PIPE) as sent:
            subprocess.run(
                [str(word) for word in unpack],
                stdin=sent.stdout,
                check=True,
                timeout=COMMAND_SECONDS,
            )
        assert sent.returncode == 0

    def nova_xen(self, *arguments: str) -> Done:
        """The command under test."""
        told = self.command.ask(arguments)
        assert told, f"nova-xen {shlex.join(arguments)} was cut off"
        return Done(**told)

    def told(self, *arguments: str) -> Any:
        """What the command shows, read from its JSON; it must succeed."""
        done = self.nova_xen(*arguments, "-f", "json")
        assert done.code == 0, f"{arguments}\n{done.out}\n{done.err}"
        return json.loads(done.out)

    def left_behind(self) -> list[str]:
        """Test servers' domains, instance folders, and vifs of no domain there is."""
        domains = self.sh("virsh -c xen:///system list --all --name").split()
        folders = self.sh(
            "ls /var/lib/nova/instances 2>/dev/null | grep -v -x -e _base -e locks ||:"
        ).split()
        vifs = self.sh(
            "for vif in $(ls /sys/class/net | grep ^vif); do id=${vif#vif}; "
            "xl domname ${id%%.*} >/dev/null 2>&1 || echo $vif; done"
        ).split()
        return [name for name in domains if name.startswith(PREFIX)] + folders + vifs


def boot(mode: str) -> tuple[str, ...]:
    """Arguments that boot the image with a kernel of the host, quick here."""
    return (
        *MODES[mode],
        "--kernel",
        f"{GUEST}/{KERNELS[mode]}",
        "--ramdisk",
        f"{GUEST}/initrd.img",
        "--property",
        f"os_command_line={KERNEL_LINE}",
    )


def own_host() -> str:
    """The host of this process: pytest-xdist's workers have one each."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return os.environ.get("NOVA_XEN_LAB_HOST", f"xen{int(worker[2:]) + 1}")


@pytest.fixture(scope="session")
def dom0() -> Iterator[Dom0]:
    """A host for this process alone; each image keeps its format on it."""
    host = Dom0(own_host())
    up = host.run("true", seconds=120)
    assert up.code == 0, f"the lab is not up (tools/xenlab up): {up.err}"
    host.sh(
        "mkdir -p /etc/nova-xen; "
        f"printf '[DEFAULT]\\nuse_cow_images = false\\n' >{CONFIG}"
    )
    yield host
    host.sh(f"rm -f {CONFIG}")
    host.command.close()


@pytest.fixture
def server(dom0: Dom0, request: pytest.FixtureRequest) -> Iterator[str]:
    """A name for the test's server or the beginning of several; gone afterwards."""
    name = PREFIX + request.node.name.translate(str.maketrans("_[]", "---")).strip("-")
    yield name
    domains = dom0.sh("virsh -c xen:///system list --all --name").split()
    if left := [domain for domain in domains if domain.startswith(name)]:
        dom0.nova_xen("server", "delete", *left)
