# SPDX-License-Identifier: Apache-2.0
"""Devices of running guests as xenstore has them.

A front end is the guest's side, below ``/local/domain/ID/device``; it names the
host's side, its back end (Xen's docs/misc/xenstore-paths.pandoc).
"""

from nova_xen.hypervisor.xenstore import Xenstore
from nova_xen.model import Frontend


def disk_path(domid: int, number: int) -> str:
    """Where the disk of this number is."""
    return f"/local/domain/{domid}/device/vbd/{number}"


def interface_path(xenstore: Xenstore, domid: int, mac: str) -> str | None:
    """Where the interface of this address is; None when there is none.

    :raises ToolstackFailed: xenstored cannot be asked
    """
    folder = f"/local/domain/{domid}/device/vif"
    for name in xenstore.directory(folder):
        found = xenstore.read(f"{folder}/{name}/mac")
        if found is not None and found.lower() == mac:
            return f"{folder}/{name}"
    return None


def read_frontend(xenstore: Xenstore, path: str) -> Frontend:
    """The states of both sides.

    :raises ToolstackFailed: xenstored cannot be asked
    """
    back = xenstore.read(f"{path}/backend")
    return Frontend(
        guest=_state(xenstore, path),
        host=_state(xenstore, back) if back else None,
    )


def _state(xenstore: Xenstore, path: str) -> int | None:
    text = xenstore.read(f"{path}/state") or ""
    return int(text) if text.isdecimal() and text.isascii() else None
