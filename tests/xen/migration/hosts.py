# SPDX-License-Identifier: Apache-2.0
"""Hosts that lose their power at a moment of a migration, and come back."""

from __future__ import annotations

import subprocess

from xen.conftest import Dom0
from xen.migration.conftest import Pair
from xen.resident import TOP

MIB = 1024**2
#: when the pilot does something, for it to know
MID_COPY = {"state": "copying", "bytes": 20 * MIB}
LAST_PASS = {"suspended": True}
#: at the source: what the destination's libvirtd answers is lost, and nothing else
UNANSWERED = "iptables {} INPUT -p tcp --sport 16509 -j DROP"
LOSE_ANSWERS = UNANSWERED.format("-A")
HAVE_ANSWERS = UNANSWERED.format("-D")
#: what makes an armed command run, in no time: ssh takes seconds there
FIRE = "exec 3<>/dev/tcp/xen2/7777"
ARM = "nohup setsid sh -c 'nc -l -p 7777; {}' >/dev/null 2>&1 </dev/null &"
POWER_OFF = "echo o >/proc/sysrq-trigger"
LAB = str(TOP / "tools/xenlab")


def power_on(pair: Pair) -> None:
    """The second host again, with the disk it had; its shared folder is mounted."""
    host = pair.hosts[1]
    subprocess.run([LAB, "down", host.name], check=True)
    pair.forget(host)
    subprocess.run([LAB, "up", "2", "--keep-disk"], check=True)
    host.sh("nova-xen-lab-nfs mount xen1")


def is_up(host: Dom0) -> bool:
    """Whether it answers, over the network that no test cuts."""
    command = [LAB, "ssh", host.name, "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def whole_again(pair: Pair) -> None:
    """Give both hosts what a test may have taken from them."""
    if not is_up(pair.hosts[1]):
        power_on(pair)
    for host in pair.hosts:
        host.sh("ip link set eth1 up; nova-xen-lab-libvirtd start; iptables -F INPUT")
    pair.hosts[1].sh("nova-xen-lab-nfs mount xen1")
