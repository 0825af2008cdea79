# SPDX-License-Identifier: Apache-2.0
"""The worker, which waits at a step until the test has done what it wants.

Without it the worker would be steps ahead of a test that has to wait for a processor.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nova_xen.injection.guest import inject, supervise, worker
from nova_xen.injection.guest.request import Request
from nova_xen.injection.guest.supervise import Outcome

STARTING = "starting its appliance"
#: a file in the worker's folder, which names the step, and whose removal ends the wait
_AT = "wait-at"


def _waits(folder: str, what: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(folder, _AT).read_text() == what
    return False


def _held(whole: Callable[[Request, worker.Say], None]) -> Callable[..., None]:
    def work(request: Request, say: worker.Say) -> None:
        def told(what: str) -> None:
            say(what)
            while _waits(request.folder, what):
                time.sleep(0.01)

        whole(request, told)

    return work


def hold(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], object]) -> None:
    """Have the next worker wait at ``step`` while ``act`` is called.

    There is no emulator before the first step, so that one waits for nothing.
    """
    whole = supervise.supervise

    def supervised(
        request: Request, *, timeout: float, heard: Callable[[str], None]
    ) -> Outcome:
        wait = Path(request.folder, _AT)
        wait.write_text("" if step == STARTING else step)

        def hear(doing: str) -> None:
            heard(doing)
            if doing == step:
                act()
                wait.unlink()

        return whole(request, timeout=timeout, heard=hear)

    path = os.pathsep.join(each for each in sys.path if each)
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setattr(supervise, "WORKER", "appliance.held")
    monkeypatch.setattr(inject, "supervise", supervised)


if __name__ == "__main__":
    worker.work = _held(worker.work)
    sys.exit(worker.main())
