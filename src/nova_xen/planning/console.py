# SPDX-License-Identifier: Apache-2.0
"""Where the guest's console goes, so that a log of it can be read."""

import dataclasses

from nova_xen.domain import Console, Serial
from nova_xen.model import GuestMode, Reason
from nova_xen.planning.context import Context, reason

CONSOLE_LOG = "console.log"


@dataclasses.dataclass(frozen=True)
class Consoles:
    """Xen's console, the emulated serial port, and why."""

    consoles: tuple[Console, ...]
    serials: tuple[Serial, ...]
    reasons: tuple[Reason, ...]


def decide_consoles(context: Context) -> Consoles:
    """A console for each mode, and a serial port into a file for HVM.

    libxl ignores libvirt's ``<log>``: PV and PVH consoles are logged by xenconsoled
    (guest-NAME.log, when it runs with --log=guest), HVM's serial port by its own
    device model into the instance's folder.
    """
    console = Console(type="pty", target_type="xen", target_port=0)
    if context.mode is not GuestMode.HVM:
        return Consoles((console,), (), (_xenconsoled_reason(context),))
    path = f"{context.folder}/{CONSOLE_LOG}"
    serial = Serial(type="file", source_path=path, target_port=0)
    why = "the device model writes the serial port (ttyS0) of an HVM guest here"
    return Consoles((console,), (serial,), (reason("serial/source", path, why),))


def _xenconsoled_reason(context: Context) -> Reason:
    folder = context.host.console_log_dir
    if folder is None:
        why = (
            "xenconsoled keeps no log of guests on this host, so the console is lost; "
            "set XENCONSOLED_ARGS=--log=guest in /etc/default/xen and restart xen"
        )
        return reason("console/log", "none", why, warning=True)
    path = f"{folder}/guest-{context.instance.name}.log"
    return reason("console/log", path, "xenconsoled logs Xen's console (hvc0) here")
