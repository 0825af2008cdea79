# SPDX-License-Identifier: Apache-2.0
"""Runs in dom0: migrations through the driver, with something done at a chosen moment.

A command of nova-xen takes ten seconds to start on an emulated host, too long to meet
a moment of a migration. Reads one JSON object a line and answers one JSON line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

from nova_xen.cli.session import open_driver
from nova_xen.exceptions import NovaXenError
from nova_xen.hypervisor.suspend_watch import SuspendWatch
from nova_xen.migration.journal import Journals
from nova_xen.migration.json import to_plain
from nova_xen.model import (
    MigrationJournal,
    MigrationKind,
    MigrationProgress,
    MigrationRequest,
    Side,
    TimeoutAction,
)


class Moment:
    """Does something once, when a migration is far enough; looks what came of it."""

    def __init__(self, driver: Any, ask: dict[str, Any]) -> None:
        self._driver = driver
        self._ask = ask
        self._done = "do" not in ask or "journal" in ask or "suspended" in ask
        #: what the command ``look`` printed at the interval after
        self.seen: str | None = None

    def __call__(self, progress: MigrationProgress) -> None:
        if self._done and self.seen is None and "look" in self._ask:
            self.seen = subprocess.run(
                ["bash", "-c", self._ask["look"]],
                capture_output=True,
                text=True,
                check=False,
            ).stdout
        if self._done or progress.state != self._ask.get("state", "copying"):
            return
        if (progress.bytes_sent or 0) < self._ask.get("bytes", 0):
            return
        self._done = True
        self.act()

    def act(self) -> None:
        """Do what is asked for."""
        match self._ask["do"]:
            case "abort":
                self._driver.abort_migration(self._ask["server"])
            case "force":
                self._driver.force_complete_migration(self._ask["server"])
            case "die":
                if "after" in self._ask:
                    subprocess.run(["bash", "-c", self._ask["after"]], check=False)
                os.kill(os.getpid(), 9)
            case command:
                subprocess.run(["bash", "-c", command], check=False)


def at_journal(state: str | None, act: Callable[[], object]) -> Any:
    """Act once as soon as the source's journal of that state is kept."""
    whole, done = Journals.keep, state is None

    def keep(self: Journals, journal: MigrationJournal) -> None:
        nonlocal done
        whole(self, journal)
        if not done and journal.side is Side.SOURCE and journal.state == state:
            done = True
            act()

    return mock.patch.object(Journals, "keep", keep)


def at_suspension(wanted: bool, act: Callable[[], object]) -> Any:
    """Act once as soon as the guest stands still, on the thread that sees it.

    The progress tells of it up to two seconds later, when a last pass is over.
    """
    whole, done = SuspendWatch._look, not wanted

    def look(self: SuspendWatch, at: float) -> None:
        nonlocal done
        whole(self, at)
        if not done and self.suspended_at() is not None:
            done = True
            act()

    return mock.patch.object(SuspendWatch, "_look", look)


def request(ask: dict[str, Any]) -> MigrationRequest:
    """What the test asks for."""
    action = ask.get("timeout_action")
    return MigrationRequest(
        server=ask["server"],
        destination=ask["host"],
        kind=MigrationKind(ask.get("kind", "live")),
        tunnelled=ask.get("tunnelled"),
        timeout=ask.get("timeout"),
        timeout_action=TimeoutAction(action) if action else None,
    )


def serve(driver: Any, host: str) -> dict[str, Any]:
    """Begin as a service does, with the host's name, or end as one."""
    if host:
        return {"removed": list(driver.init_host(host))}
    driver.cleanup_host()
    return {"removed": []}


def answer(driver: Any, ask: dict[str, Any]) -> dict[str, Any]:
    """The record, or the error in its own words."""
    try:
        if "service" in ask:
            return serve(driver, ask["service"])
        if "recover" in ask:
            lost = ask.get("lost", ())
            plans = driver.recover_migrations(ask["recover"], lost_hosts=lost)
            return {"plans": to_plain(plans)}
        moment = Moment(driver, ask)
        with (
            at_journal(ask.get("journal"), moment.act),
            at_suspension("suspended" in ask, moment.act),
        ):
            record = driver.migrate(request(ask), moment)
    except NovaXenError as error:
        return {"error": type(error).__name__, "words": str(error)}
    return {"record": to_plain(record), "seen": moment.seen}


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    driver = open_driver((), None)
    for line in sys.stdin:
        answers.write(json.dumps(answer(driver, json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
