# SPDX-License-Identifier: Apache-2.0
"""Waiting for a guest to be of use, as far as its console tells."""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import tenacity

from nova_xen.cli.terminal import console_text
from nova_xen.cli.words import STATUS
from nova_xen.exceptions import ConsoleUnavailable, NovaXenError

if TYPE_CHECKING:
    from nova_xen.cli.session import Driver
    from nova_xen.model import Server

#: seconds; each look asks libvirt some four times
INTERVAL = 2.0
DETAIL_LINES = 20
#: no guest comes out of these by itself
_OVER = ("SHUTOFF", "ERROR")


class WaitFailed(NovaXenError):
    """A server was made and did not do what was waited for."""

    msg_fmt = (
        "Server %(server)s was created and %(why)s; see "
        "'nova-xen server console log %(server)s'."
    )


def wait_for_console(
    driver: "Driver",
    server: "Server",
    pattern: re.Pattern[str] | None,
    seconds: int,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Return once the guest printed what ``pattern`` finds, or anything at all.

    :param seconds: the time it has for it
    :raises WaitFailed: time is over, or the guest is off; it is left as it is
    :raises ConsoleUnavailable: nothing keeps a log of its console
    """
    if not server.console_log:
        raise ConsoleUnavailable(
            server=server.name,
            why="nothing on this host keeps one, so there is nothing to wait for",
        )
    waiting = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda seen: not seen),
        stop=tenacity.stop_after_delay(seconds),
        wait=tenacity.wait_fixed(INTERVAL),
        sleep=pause,
        retry_error_callback=lambda _state: False,
    )
    if not waiting(_look, driver, server, pattern):
        why = f"left running, but {_missed(pattern)} within {seconds} seconds"
        raise _failed(driver, server, why)


def _missed(pattern: re.Pattern[str] | None) -> str:
    if pattern is None:
        return "it printed nothing on its console"
    return f"its console did not show {pattern.pattern!r}"


def _look(driver: "Driver", server: "Server", pattern: re.Pattern[str] | None) -> bool:
    """Whether the guest has printed it; the state is asked first, to miss nothing."""
    status = STATUS[driver.get_info(server.uuid).state.value]
    output = _printed(driver, server)
    if pattern.search(output) if pattern else output.strip():
        return True
    if status in _OVER:
        why = f"went off ({status}) before what was waited for"
        raise _failed(driver, server, why)
    return False


def _printed(driver: "Driver", server: "Server") -> str:
    try:
        return console_text(driver.get_console_output(server.uuid))
    except ConsoleUnavailable:
        return ""  # its log comes with the first thing that it prints


def _failed(driver: "Driver", server: "Server", why: str) -> NovaXenError:
    lines = _printed(driver, server).splitlines()
    failed = WaitFailed(server=server.name, why=why)
    return failed.with_details(tuple(lines[-DETAIL_LINES:]))
