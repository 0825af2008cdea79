# SPDX-License-Identifier: Apache-2.0
"""Commands in dom0, by ssh over one kept connection per host."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.settings import Host


@dataclass(frozen=True)
class Ssh:
    """The way into one dom0, as root."""

    host: Host
    key: Path

    def argv(self, *remote: str) -> list[str]:
        """The ssh command line; ``remote`` is given to dom0's shell."""
        options = [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "ConnectTimeout=20",
            "BatchMode=yes",
            "ServerAliveInterval=30",
            "ServerAliveCountMax=10",
            "ControlMaster=auto",
            f"ControlPath={self._control_path()}",
            "ControlPersist=600",
        ]
        flags = [word for option in options for word in ("-o", option)]
        where = ["-p", str(self.host.ssh_port), "root@127.0.0.1"]
        return ["ssh", "-i", str(self.key), *flags, *where, *remote]

    def _control_path(self) -> str:
        # a socket's path may have 108 bytes at most: not in the cache folder
        name = f"{os.getuid()}-{self.key}-{self.host.ssh_port}"
        return f"/tmp/nova-xen-lab-{hashlib.sha256(name.encode()).hexdigest()[:16]}"

    def run(
        self, command: str, timeout: float = 120, data: bytes | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run in dom0's shell; never raises for the command's own failure.

        A command that does not end in ``timeout`` seconds counts as code 124.
        """
        argv = self.argv(command)
        try:
            done = subprocess.run(
                argv,
                input=data or b"",
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(argv, 124, "", "no answer in time")
        out, err = (
            text.decode(errors="replace") for text in (done.stdout, done.stderr)
        )
        return subprocess.CompletedProcess(argv, done.returncode, out, err)

    def check(
        self, command: str, timeout: float = 120, data: bytes | None = None
    ) -> str:
        """Standard output of the command; LabError when it fails."""
        done = self.run(command, timeout, data)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-400:]
            raise LabError(
                f"On {self.host.name} '{command[:60]}' ended with code "
                f"{done.returncode}: {said or 'it printed nothing'}"
            )
        return done.stdout

    def close(self) -> None:
        """End the kept connection, which outlives the host otherwise."""
        subprocess.run(
            [*self.argv()[:-1], "-O", "exit", "root@127.0.0.1"],
            capture_output=True,
            check=False,
        )
