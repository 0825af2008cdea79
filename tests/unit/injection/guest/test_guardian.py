# SPDX-License-Identifier: Apache-2.0
"""What the guardian does once the work has ended."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time

import pytest

from nova_xen.injection.guest import guardian


def _state(number: int) -> str:
    text = pathlib.Path(f"/proc/{number}/stat").read_text()
    return text.rpartition(")")[2].split()[0]


def test_what_outlives_the_work_stands_still_while_it_is_asked(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulator that ended meanwhile could not tell of its sockets."""
    left, seen = tmp_path / "left", []

    def work() -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        left.write_text(str(child.pid))

    def look(_folder: str) -> None:
        end = time.monotonic() + 5
        while (state := _state(int(left.read_text()))) != "T":
            if time.monotonic() > end:
                break
            time.sleep(0.01)
        seen.append(state)

    monkeypatch.setattr(guardian, "find_sockets", look)
    lifeline, held = os.pipe()
    try:
        assert guardian.guarded(work, lifeline=lifeline, folder=str(tmp_path)) == 0
    finally:
        os.close(lifeline)
        os.close(held)
    assert seen == ["T"]
