# SPDX-License-Identifier: Apache-2.0
"""Xen's own tools, for what libvirt does not see or does not do: xl(1) and libxl.

Seen with Xen 4.17: a domain that a dead libvirtd left behind is invisible to libvirt
and is in ``xl list``; one that was suspended for a migration goes on by no command of
xl, but by libxl_domain_resume() (:mod:`nova_xen.hypervisor.libxl_program`).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.hypervisor.libxl_command import libxl_command
from nova_xen.model import XenDomain

#: seconds; ``xl destroy`` waits for the back ends, ``xl list`` took 0.3 s on TCG
TIMEOUT = 120
#: where xl is though the path of a service may not say so
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_CAP_COMMANDS = {"credit": "sched-credit", "credit2": "sched-credit2"}
#: xl_list.c: running, blocked, paused, shut down, the reason's letter, dying
_ROW = re.compile(
    r"^(?P<name>.*\S) +(?P<domid>\d+) +(?P<memory>\d+) +\d+\s+"
    r"[r-][b-](?P<paused>[p-])(?P<ended>[s-])(?P<reason>[a-z?-])(?P<dying>[d-])"
    r" +\d+\.\d +(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s.*$",
    re.MULTILINE,
)
#: what printf makes of a domain that xenstore has no name of
_NAMELESS = "(null)"
#: of ``xl info``, what stays until the host is booted again
_BOOTED = ("virt_caps", "xen_scheduler")
_INFO = re.compile(r"^(\w+) *: *(.*)$", re.MULTILINE)


class XlToolstack:
    """Xen by ``xl``; each method raises ToolstackFailed when it cannot."""

    def __init__(self, xl: str = "xl", *, timeout: float = TIMEOUT) -> None:
        self._xl = xl
        self._timeout = timeout
        self._booted: dict[str, str] = {}

    def domains(self) -> tuple[XenDomain, ...]:
        """Every domain but Domain-0, those invisible to libvirt too.

        :raises ToolstackFailed: xl does not answer, or something that is no list
        """
        doing = "listing the domains"
        text = self._run(doing, "list", "-v")
        rows, lines = tuple(parse_list(text)), text.splitlines()
        # a row that is not understood may be the second copy of a guest
        if len(rows) != len(lines) - 1:
            why = f"'xl list -v' printed what is not understood: {text.strip()!r}"
            raise exceptions.ToolstackFailed(doing=doing, why=why)
        return tuple(each for each in rows if each.domid)

    def destroy(self, domid: int) -> None:
        """End a domain at once; no error when it is gone.

        :raises ToolstackFailed: it is still there, or it is Domain-0
        """
        doing = f"destroying domain {domid}"
        if domid <= 0:
            why = "that is no guest"
            raise exceptions.ToolstackFailed(doing=doing, why=why)
        try:
            self._run(doing, "destroy", str(domid))
        except exceptions.ToolstackFailed:
            if any(each.domid == domid and not each.dying for each in self.domains()):
                raise

    def unpause(self, domid: int) -> None:
        """Let a paused domain go on; no error when it is not paused.

        ``xl unpause`` ends with 0 whatever happened, so the domain is looked at.

        :raises ToolstackFailed: there is no such domain, or it stays paused
        """
        doing = f"unpausing domain {domid}"
        self._run(doing, "unpause", str(domid))
        after = [each for each in self.domains() if each.domid == domid]
        if not after or after[0].paused:
            why = "it stays paused" if after else "there is no such domain"
            raise exceptions.ToolstackFailed(doing=doing, why=why)

    def resume(self, domid: int) -> None:
        """Let a domain go on that was suspended and has not left.

        The guest's suspend call returns "cancelled" and it goes on with its memory
        and devices as they were: seen with PV, PVH and HVM guests on Xen 4.17.

        :raises ToolstackFailed: it is not suspended, or libxl could not
        """
        doing = f"resuming domain {domid}"
        if not any(each.domid == domid and each.suspended for each in self.domains()):
            why = "it is not suspended"
            raise exceptions.ToolstackFailed(doing=doing, why=why)
        self._call(doing, libxl_command("resume", str(domid)))

    def set_cap(self, domid: int, cap: int) -> None:
        """Limit a domain to so many percent of one CPU; 0 is no limit.

        :raises ToolstackFailed: Xen's scheduler has no cap, or there is no such domain
        """
        doing = f"limiting domain {domid} to {cap} % of a CPU"
        scheduler = self._info("xen_scheduler") or "unknown"
        command = _CAP_COMMANDS.get(scheduler)
        if command is None:
            why = f"Xen's scheduler {scheduler} has no cap; boot Xen with sched=credit2"
            raise exceptions.ToolstackFailed(doing=doing, why=why)
        self._run(doing, command, "-d", str(domid), "-c", str(cap))

    def virt_caps(self) -> tuple[str, ...]:
        """The words of virt_caps in ``xl info``: hap, shadow, …

        :raises ToolstackFailed: xl does not answer
        """
        return tuple(self._info("virt_caps").split())

    def info(self) -> dict[str, str]:
        """All that ``xl info`` tells now.

        :raises ToolstackFailed: xl does not answer
        """
        return parse_info(self._run("asking for 'xl info'", "info"))

    def _info(self, name: str) -> str:
        """What ``xl info`` tells of the boot of Xen, '' for nothing; asked once."""
        if name not in self._booted:
            told = self.info()
            self._booted = {each: told.get(each, "") for each in _BOOTED}
        return self._booted[name]

    def _run(self, doing: str, *arguments: str) -> str:
        path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SBIN))
        program = shutil.which(self._xl, path=path)
        if program is None:
            why = "xl is not there; install Xen's tools (Debian's xen-utils-common)"
            raise exceptions.ToolstackFailed(doing=doing, why=why)
        return self._call(doing, [program, *arguments])

    def _call(self, doing: str, command: list[str]) -> str:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                text=True,
                errors="replace",
                timeout=self._timeout,
                env={**os.environ, "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired as error:
            why = f"it gave no answer within {self._timeout:g} s"
            raise exceptions.ToolstackFailed(doing=doing, why=why) from error
        except OSError as error:
            raise exceptions.ToolstackFailed(doing=doing, why=str(error)) from error
        if done.returncode:
            raise exceptions.ToolstackFailed(doing=doing, why=_why(done))
        return done.stdout


def parse_list(text: str) -> Iterator[XenDomain]:
    """The rows of ``xl list -v`` that are understood, Domain-0 among them.

    Memory in MiB. xl's letters: paused ``p``, shut down ``s`` and after it why: ``s``
    suspend, ``r`` reboot, ``c`` crash, ``w`` watchdog, ``-`` power off; dying ``d``.
    """
    for found in _ROW.finditer(text):
        suspended = found["ended"] == "s" and found["reason"] == "s"
        yield XenDomain(
            domid=int(found["domid"]),
            name="" if found["name"] == _NAMELESS else found["name"],
            uuid=found["uuid"],
            memory_mib=int(found["memory"]),
            paused=found["paused"] == "p",
            suspended=suspended,
            ended=found["ended"] == "s" and not suspended,
            dying=found["dying"] == "d",
        )


def parse_info(text: str) -> dict[str, str]:
    """The lines ``key : value`` of ``xl info``."""
    return {key: value.strip() for key, value in _INFO.findall(text)}


def _why(done: subprocess.CompletedProcess[str]) -> str:
    """The first error it told of: what follows are the callers of what failed."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "error: " in line] or lines
    said = errors[0].rstrip(".") if errors else "it said nothing"
    return f"exit code {done.returncode}, {said}"
