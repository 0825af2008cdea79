# SPDX-License-Identifier: Apache-2.0
"""Run commands of this machine, with their output kept for the error message."""

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError


def run(
    argv: Sequence[str | Path],
    log: Path | None = None,
    timeout: float | None = None,
) -> str:
    """Run to the end and return standard output; LabError when it fails.

    With ``log`` everything the command prints goes to that file instead.
    """
    words = [str(word) for word in argv]
    if log is not None:
        _run_logged(words, log)
        return ""
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=timeout, check=False
    )
    if done.returncode:
        raise LabError(_failure(words, done.returncode, done.stderr or done.stdout))
    return done.stdout


def _run_logged(words: list[str], log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    # long builders end with us, however we end: they must not write on into a
    # folder that the next run has begun to clear
    bound = ["setpriv", "--pdeathsig", "TERM", *words]
    with log.open("ab") as output:
        done = subprocess.run(bound, stdout=output, stderr=output, check=False)
    if done.returncode:
        text = log.read_text(errors="replace")
        raise LabError(_failure(words, done.returncode, text) + f" (all of it: {log})")


def _failure(words: list[str], code: int, text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    tail = " | ".join(lines[-3:]) or "it printed nothing"
    return f"{words[0]} {words[1] if words[1:] else ''} ended with code {code}: {tail}"


def remove_tree(path: Path) -> None:
    """Remove a folder, never through a mount point.

    A builder that was told to end may still write for a moment: try for a minute.
    """
    deadline = time.monotonic() + 60
    while path.exists():
        try:
            run(["rm", "-rf", "--one-file-system", path])
        except LabError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def have(command: str) -> bool:
    """Whether the command is on this machine's path, or the file exists."""
    if command.startswith("/"):
        return Path(command).is_file()
    return shutil.which(command, path="/usr/sbin:/usr/bin:/sbin:/bin") is not None
