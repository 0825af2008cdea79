# SPDX-License-Identifier: Apache-2.0
"""Whether anybody keeps what PV and PVH guests print."""

from collections.abc import Iterator

from nova_xen.model.doctor import ConsoleFacts, Finding
from nova_xen.planning.doctor.words import advice, ok, problem

_START = "systemctl restart xen"


def console(facts: ConsoleFacts) -> Iterator[Finding]:
    """By xenconsoled(8): the consoles themselves, and their logs if told so."""
    if not facts.running:
        yield problem(
            "console-log",
            "xenconsoled does not run: PV and PVH guests have no console.",
            f"Start Xen's daemons ({_START}) and see why it ended.",
        )
    elif facts.folder is None:
        yield advice(
            "console-log",
            "xenconsoled keeps no logs of guests: what PV and PVH guests print is "
            "shown by nothing.",
            "Set XENCONSOLED_ARGS=--log=guest in /etc/default/xen and boot again.",
        )
    elif not facts.exists:
        yield problem(
            "console-log",
            f"xenconsoled logs guests into {facts.folder}, which is not there: what PV "
            "and PVH guests print is lost.",
            f"Make the folder (mkdir -p {facts.folder}).",
        )
    else:
        yield ok("console-log", f"xenconsoled logs guests into {facts.folder}.")
