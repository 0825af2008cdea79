# SPDX-License-Identifier: Apache-2.0
"""Has a program in dom0 crashed? Evidence, collected after each cycle.

dom0 keeps core files in /var/crash, so an abort by malloc leaves a trace as a segfault
does.
"""

import json
import re
from dataclasses import dataclass

from lab.ssh import Ssh

_DAEMONS = ("libvirtd", "xenstored", "xenconsoled", "qemu-dom0")
_KERNEL = re.compile(
    r"segfault|traps:|general protection|invalid opcode|Oops|BUG:|double fault|"
    r"Kernel panic"
)
_XEN = re.compile(r"panic|FATAL|Assertion|domain_crash|crashed|triple fault", re.I)
_SEGFAULT = re.compile(
    r"(?P<name>\S+)\[(?P<pid>\d+)\]: segfault .* ip (?P<ip>[0-9a-f]+) .* "
    r"in \S+\[(?P<base>[0-9a-f]+)\+"
)
# Bugs of programs, which real processors show as well: (program, offset of the
# instruction in its text) -> what happens. Another build has other offsets and
# counts as a crash again, until somebody has looked at it.
_KNOWN = {
    ("xen-qemu-system", 0x712D0): "QEMU 7.2: a disk's image could not be opened",
}
_LOOK = """
python3 - <<'END'
import glob, json, subprocess
def read(path):
    try:
        return open(path).read().strip()
    except OSError:
        return ""
def out(*argv):
    return subprocess.run(argv, capture_output=True, text=True).stdout
def pid(name):
    number = read(f"/run/{name}.pid")
    return number if number and read(f"/proc/{number}/comm") else ""
print(json.dumps({
    "pids": {name: pid(name) for name in %s},
    "kernel": out("dmesg").splitlines(),
    "xen": out("xl", "dmesg").splitlines(),
    "cores": sorted(glob.glob("/var/crash/*")),
    "wanted": len(read("/var/log/nova-xen-lab-service.log").splitlines()),
}))
END
"""


@dataclass(frozen=True)
class Health:
    """One look at a host; two of them are compared."""

    pids: dict[str, str]
    kernel: tuple[str, ...]
    xen: tuple[str, ...]
    cores: tuple[str, ...]
    wanted: int
    """How often somebody stopped or restarted a daemon on purpose."""


def look(ssh: Ssh) -> Health:
    """Collect the facts in one call; LabError when the host does not answer."""
    found = json.loads(ssh.check(_LOOK % repr(_DAEMONS), timeout=180))
    return Health(
        pids=found["pids"],
        kernel=tuple(found["kernel"]),
        xen=tuple(found["xen"]),
        cores=tuple(found["cores"]),
        wanted=found["wanted"],
    )


@dataclass(frozen=True)
class Findings:
    """What crashed between two looks, and what of it is a known bug."""

    crashes: tuple[str, ...]
    known: tuple[str, ...]


def compare(before: Health, after: Health) -> Findings:
    """What crashed between two looks at the same host."""
    found = [f"kernel: {line}" for line in _new(before.kernel, after.kernel, _KERNEL)]
    found += [f"xen: {line}" for line in _new(before.xen, after.xen, _XEN)]
    found += [f"core: {path}" for path in sorted({*after.cores} - {*before.cores})]
    if after.wanted == before.wanted:
        found += _gone(before.pids, after.pids)
    marks = _known_marks(found)
    known = [line for line in found if any(mark in line for mark in marks)]
    crashes = [line for line in found if line not in known]
    return Findings(tuple(crashes), tuple(known))


def _known_marks(found: list[str]) -> list[str]:
    """What the lines of known bugs contain: the process in the log and its core."""
    marks = []
    for match in filter(None, map(_SEGFAULT.search, found)):
        offset = int(match["ip"], 16) - int(match["base"], 16)
        if (match["name"], offset) in _KNOWN:
            marks += [f"[{match['pid']}]: segfault", f"-{match['pid']}-signal-"]
    return marks


def _new(
    before: tuple[str, ...], after: tuple[str, ...], pattern: re.Pattern[str]
) -> list[str]:
    known = set(before)
    return [line for line in after if line not in known and pattern.search(line)]


def _gone(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [
        f"{name}: pid was {number}, now {after[name] or 'none'}"
        for name, number in before.items()
        if number != after[name]
    ]
