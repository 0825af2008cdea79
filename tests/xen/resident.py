# SPDX-License-Identifier: Apache-2.0
"""A program that stays in a host's dom0 and answers questions, one JSON line each."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[2]
#: for a process in dom0 to end, and the ssh that started it
ENDING_SECONDS = 120
FOLDER = "/root"


class Resident:
    """A file of these tests, run in a host's dom0 from the first question on."""

    def __init__(self, host: str, program: Path) -> None:
        self._host = host
        self._program = program
        self._process: subprocess.Popen[str] | None = None

    def ask(self, question: Any) -> dict[str, Any]:
        """Its answer; empty when the process died over it."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            # it has closed its end and may take a moment to be gone
            process.wait(ENDING_SECONDS)
            self._process = None
            return {}
        told: dict[str, Any] = json.loads(line)
        return told

    def forget(self) -> None:
        """The host is gone, and the process with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(ENDING_SECONDS)
            self._process = None

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(ENDING_SECONDS)

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            there = f"{FOLDER}/{self._program.name}"
            self._ssh(f"cat >{there}", self._program.read_bytes())
            command = f"/opt/nova-xen/bin/python3 {there} 2>>{there}.log"
            self._process = subprocess.Popen(
                [str(TOP / "tools/xenlab"), "ssh", self._host, command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._process

    def _ssh(self, command: str, fed: bytes) -> None:
        subprocess.run(
            [str(TOP / "tools/xenlab"), "ssh", self._host, command],
            input=fed,
            check=True,
            timeout=ENDING_SECONDS,
        )
