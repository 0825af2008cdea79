# SPDX-License-Identifier: Apache-2.0
"""One started appliance for many tests, for a start is what costs them most.

Everything else is as ever: the request is checked, the worker does its work and says
how it ended, and that becomes an error. Only it does so in the tests' own process.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from appliance.servers import CACHE
from nova_xen.injection.guest import appliance, inject, supervise, worker
from nova_xen.injection.guest.guardian import LOG
from nova_xen.injection.guest.request import Request
from nova_xen.injection.guest.supervise import Outcome
from nova_xen.model import DiskFormat, GuestSetup


class _Lent:
    """The handle, of which the worker may close the disk but not the appliance."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def shutdown(self) -> None:
        """What autosync does before the machine ends."""
        self._handle.umount_all()
        self._handle.sync()

    def close(self) -> None:
        """Nothing of one test stays mounted for the next."""
        self._handle.umount_all()


class Shared:
    """An appliance with one raw disk, to which any number of requests can go."""

    def __init__(self, disk: Path) -> None:
        self.disk = disk
        folder = disk.parent / "shared-appliance"
        folder.mkdir(mode=0o700)
        self._log = folder / LOG
        CACHE.mkdir(parents=True, exist_ok=True)
        request = Request(
            path=str(disk),
            format=DiskFormat.RAW,
            partition=0,
            folder=str(folder),
            cache=str(CACHE),
            memory_mib=512,
            setup=GuestSetup(),
            nics=(),
        )
        self.handle: Any = appliance.start(request, lambda what: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it as the worker does, after which the disk holds all."""
        handle, self.handle = self.handle, None
        if handle is not None:
            with contextlib.closing(handle):
                appliance.stop(handle)

    def lend(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have what is injected until the end of the test go through this one."""
        monkeypatch.setattr(appliance, "start", lambda request, say: _Lent(self.handle))
        monkeypatch.setattr(inject, "supervise", self._supervised)

    def _supervised(
        self, request: Request, *, timeout: float, heard: Callable[[str], None]
    ) -> Outcome:
        assert request.path == str(self.disk)
        outcome, doing = Outcome(), ""
        for told in self._answered(request):
            if "doing" in told:
                doing = str(told["doing"])
                heard(doing)
            else:
                outcome = supervise._told(request, doing, told)
        assert outcome.doing, "the worker did not say how it ended"
        return outcome

    def _answered(self, request: Request) -> list[dict[str, Any]]:
        """All that the worker says."""
        with tempfile.TemporaryFile() as said:
            worker._answer(request, said.fileno())
            shutil.copy(self._log, request.folder)
            said.seek(0)
            return [json.loads(line) for line in said]
