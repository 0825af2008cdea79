# SPDX-License-Identifier: Apache-2.0
"""Values of arguments: from what was typed to what was meant, without I/O.

Each function raises argparse.ArgumentTypeError with a sentence, which argparse shows
beside the name of the argument.
"""

import argparse
import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nova_xen.cli import addresses

if TYPE_CHECKING:
    from nova_xen.model import Address, Checksum, NicAddress

ONCE = ("bridge", "mac", "model", "mtu", "script")
REPEATED = ("ip", "gateway", "dns")
NETWORK_KEYS = (*ONCE, *REPEATED)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A network interface as typed; ``mtu`` in bytes."""

    bridge: str
    mac: str | None = None
    model: str | None = None
    mtu: int | None = None
    script: str | None = None
    addresses: "tuple[NicAddress, ...]" = ()
    dns: "tuple[Address, ...]" = ()


def _wrong(why: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(why)


def whole(least: int, unit: str = "") -> Callable[[str], int]:
    """A parser of whole numbers not below ``least``; ``unit`` is for its errors."""
    of = f" of {unit}" if unit else ""

    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,18}", text, re.ASCII):
            raise _wrong(f"a whole number{of} is needed, not {text!r}")
        if int(text) < least:
            raise _wrong(f"at least {least}{of} is needed, not {text}")
        return int(text)

    return parse


def key_value(text: str) -> tuple[str, str]:
    """KEY=VALUE, the value up to the end whatever it has in it."""
    key, equals, value = text.partition("=")
    if not equals:
        raise _wrong(f"{text!r} has no '='; write KEY=VALUE")
    if not key:
        raise _wrong(f"{text!r} has no key before its '='; write KEY=VALUE")
    if not value:
        raise _wrong(f"the key {key!r} has no value; write {key}=VALUE")
    return key, value


def network(text: str) -> NetworkSpec:
    """bridge=B[,mac=M][,model=M][,mtu=N][,script=S], in any order, and any number of
    ip=ADDRESS/PREFIX, gateway=ADDRESS and dns=ADDRESS."""
    found: dict[str, str] = {}
    repeated: dict[str, list[str]] = {key: [] for key in REPEATED}
    for item in text.split(","):
        key, value = _network_item(item, text)
        if key in repeated:
            repeated[key].append(value)
            continue
        if key in found:
            raise _wrong(f"{key!r} is given twice in {text!r}")
        found[key] = value
    if "bridge" not in found:
        raise _wrong(f"{text!r} names no bridge; write bridge=NAME")
    mtu = whole(1, "bytes (mtu)")(found.pop("mtu")) if "mtu" in found else None
    return NetworkSpec(
        mtu=mtu,
        addresses=addresses.addresses(repeated["ip"], repeated["gateway"]),
        dns=tuple(addresses.address(server) for server in repeated["dns"]),
        **found,
    )


def _network_item(item: str, text: str) -> tuple[str, str]:
    if not item:
        raise _wrong(f"{text!r} has an empty part; write bridge=NAME[,KEY=VALUE...]")
    key, value = key_value(item)
    if key not in NETWORK_KEYS:
        raise _wrong(f"unknown key {key!r}; the keys are {', '.join(NETWORK_KEYS)}")
    return key, value


def checksum(text: str) -> "Checksum":
    """ALGO:HEX."""
    from nova_xen.model import Checksum

    try:
        return Checksum.parse(text)
    except ValueError as error:
        raise _wrong(str(error)) from None


def pattern(text: str) -> "re.Pattern[str]":
    """A regular expression that is looked for in lines."""
    if not text:
        raise _wrong("an empty expression would match anything")
    try:
        return re.compile(text, re.MULTILINE)
    except re.error as error:
        raise _wrong(f"{text!r} is no regular expression: {error}") from None


class KeyValues(argparse.Action):
    """Collects repeated KEY=VALUE into a dict; a key given twice is an error."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        try:
            key, value = key_value(str(values))
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        found: dict[str, str] = getattr(namespace, self.dest) or {}
        if key in found:
            raise argparse.ArgumentError(self, f"the key {key!r} is given twice")
        setattr(namespace, self.dest, {**found, key: value})
