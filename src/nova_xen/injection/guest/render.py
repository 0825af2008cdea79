# SPDX-License-Identifier: Apache-2.0
"""Files of a network from templates of jinja2, with the variables that Nova gives."""

import dataclasses
import functools
import uuid
from typing import TYPE_CHECKING, Any

from nova_xen.injection.guest.problems import Refused, Unavailable
from nova_xen.model import MIB, Nic, NicAddress

if TYPE_CHECKING:
    from jinja2 import Environment

_OPTION = "correct the file that [DEFAULT] injected_network_template names"
_MOST_TEMPLATE = MIB

#: how the names of interfaces begin, as Nova and the kernel give them
STEM = "eth"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interface:
    """An interface for a template: Nova's names first, then what Nova does not tell.

    ``netmask_v6`` is the length of the prefix. ``addresses_v4`` and ``addresses_v6``
    are all of them, with the prefix; Nova's names have the first of each.
    """

    name: str
    hwaddress: str
    address: str | None
    netmask: str | None
    broadcast: str | None
    gateway: str | None
    dns: str | None
    address_v6: str | None
    netmask_v6: int | None
    gateway_v6: str | None
    routes: tuple[()] = ()
    dhcp: bool
    mtu: int | None
    addresses_v4: tuple[str, ...]
    addresses_v6: tuple[str, ...]
    dns_v4: tuple[str, ...]
    dns_v6: tuple[str, ...]
    uuid: str


def interfaces_of(nics: tuple[Nic, ...], stem: str = STEM) -> tuple[Interface, ...]:
    """The interfaces as templates see them, their names numbered from 0."""
    return tuple(_interface(f"{stem}{n}", nic) for n, nic in enumerate(nics))


def _interface(name: str, nic: Nic) -> Interface:
    v4 = [each for each in nic.addresses if each.address.version == 4]
    v6 = [each for each in nic.addresses if each.address.version == 6]
    first = v4[0].address if v4 else None
    return Interface(
        name=name,
        hwaddress=nic.mac.lower(),
        address=str(first.ip) if first else None,
        netmask=str(first.netmask) if first else None,
        broadcast=str(first.network.broadcast_address) if first else None,
        gateway=_gateway(v4),
        dns=" ".join(map(str, nic.dns)) or None,
        address_v6=str(v6[0].address.ip) if v6 else None,
        netmask_v6=v6[0].address.network.prefixlen if v6 else None,
        gateway_v6=_gateway(v6),
        dhcp=not nic.addresses,
        mtu=nic.mtu,
        addresses_v4=tuple(str(each.address) for each in v4),
        addresses_v6=tuple(str(each.address) for each in v6),
        dns_v4=tuple(str(each) for each in nic.dns if each.version == 4),
        dns_v6=tuple(str(each) for each in nic.dns if each.version == 6),
        uuid=str(uuid.uuid5(uuid.NAMESPACE_OID, f"nova-xen {nic.mac.lower()}")),
    )


def _gateway(addresses: list[NicAddress]) -> str | None:
    return next((str(each.gateway) for each in addresses if each.gateway), None)


def render(template: str, **variables: Any) -> str:
    """One of the package's own templates."""
    return _own().get_template(template).render(**variables)


def render_interfaces(
    nics: tuple[Nic, ...], template: str | None, stem: str = STEM
) -> str:
    """The file /etc/network/interfaces, from the operator's template or ours.

    :raises Refused: the operator's template is wrong
    """
    from jinja2 import TemplateError

    interfaces = interfaces_of(nics, stem)
    variables: dict[str, Any] = {
        "interfaces": interfaces,
        "use_ipv6": any(each.address_v6 for each in interfaces),
        "libvirt_virt_type": "xen",
    }
    if template is None:
        return render("interfaces.j2", **variables)
    try:
        return _foreign().from_string(template).render(**variables)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise Refused(f"the network template is wrong ({error})", _OPTION) from error


def read_template(path: str | None) -> str | None:
    """The operator's template, or None for ours.

    :raises Unavailable: it cannot be read
    """
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_MOST_TEMPLATE)
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(
            f"the network template {path} cannot be read ({error})", _OPTION
        ) from error


@functools.cache
def _own() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(  # nosec B701
        loader=PackageLoader("nova_xen.injection.guest"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
        keep_trailing_newline=True,
    )


@functools.cache
def _foreign() -> "Environment":
    """Set as Nova sets it, so that a template of Nova's gives what it gave."""
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(trim_blocks=True)
