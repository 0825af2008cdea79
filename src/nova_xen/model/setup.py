# SPDX-License-Identifier: Apache-2.0
"""What a guest is told before its first boot: its name, keys, files, addresses."""

import dataclasses
import ipaddress
from collections.abc import Mapping
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


@dataclasses.dataclass(frozen=True, kw_only=True)
class NicAddress:
    """A static address of an interface with the length of its prefix."""

    address: Interface
    gateway: Address | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class InjectedFile:
    """A file for the guest: ``path`` absolute inside it, ``content`` as it is.

    ``mode`` None takes 0644 for a new file and leaves that of an old one.
    """

    path: str
    content: bytes = dataclasses.field(repr=False)
    mode: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuestSetup:
    """Everything a guest is to find in itself, however it gets there.

    ``ssh_keys`` are public keys of root or the image's first user, a line each.
    ``metadata`` is the server's own (meta.js, "meta" of the config drive),
    ``vendor_data`` the operator's JSON object, ``user_data`` the user's bytes.
    """

    hostname: str | None = None
    ssh_keys: tuple[str, ...] = ()
    admin_password: str | None = dataclasses.field(default=None, repr=False)
    files: tuple[InjectedFile, ...] = ()
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    user_data: bytes | None = dataclasses.field(default=None, repr=False)
    vendor_data: Mapping[str, Any] | None = dataclasses.field(default=None, repr=False)

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return self != GuestSetup()
