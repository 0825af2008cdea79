# SPDX-License-Identifier: Apache-2.0
"""What the worker is asked, as a line of JSON: it is never in argv nor environment."""

import base64
import dataclasses
import ipaddress
import json
from typing import Any

from nova_xen.model import (
    DiskFormat,
    GuestSetup,
    InjectedFile,
    Nic,
    NicAddress,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """One disk, and what is to be in it.

    ``folder`` is the worker's own, for its files; ``cache`` keeps the appliance.
    ``debug`` has the appliance tell each of its steps.
    """

    path: str
    format: DiskFormat
    partition: int
    folder: str
    cache: str
    memory_mib: int
    setup: GuestSetup
    nics: tuple[Nic, ...]
    template: str | None = None
    debug: bool = False


def to_line(request: Request) -> bytes:
    """The request as one line of JSON."""
    return json.dumps(dataclasses.asdict(request), default=_plain).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)  # addresses


def from_line(line: bytes) -> Request:
    """The request of such a line."""
    told = json.loads(line)
    told["format"] = DiskFormat(told["format"])
    told["setup"] = _setup(told["setup"])
    told["nics"] = tuple(_nic(each) for each in told["nics"])
    return Request(**told)


def _setup(told: dict[str, Any]) -> GuestSetup:
    told["ssh_keys"] = tuple(told["ssh_keys"])
    told["files"] = tuple(
        InjectedFile(
            path=each["path"],
            content=base64.b64decode(each["content"]),
            mode=each["mode"],
        )
        for each in told["files"]
    )
    return GuestSetup(**told)


def _nic(told: dict[str, Any]) -> Nic:
    told["addresses"] = tuple(_address(each) for each in told["addresses"])
    told["dns"] = tuple(ipaddress.ip_address(each) for each in told["dns"])
    return Nic(**told)


def _address(told: dict[str, Any]) -> NicAddress:
    gateway = told["gateway"]
    return NicAddress(
        address=ipaddress.ip_interface(told["address"]),
        gateway=ipaddress.ip_address(gateway) if gateway else None,
    )
