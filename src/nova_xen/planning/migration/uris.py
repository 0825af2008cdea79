# SPDX-License-Identifier: Apache-2.0
"""The two addresses of a migration: the other libvirt's, and the memory stream's.

The control connection is libvirt's own and as safe as its transport. The memory goes
over a plain TCP connection beside it unless it is tunnelled, whatever the transport.
"""

import ipaddress
import re

from nova_xen import exceptions
from nova_xen.model import MigrationOptions

SCHEMES = ("xen+tls", "xen+ssh", "xen+tcp")

_TEMPLATE = re.compile(
    r"xen(\+(tls|ssh|tcp|libssh2?))?://([A-Za-z0-9._-]+@)?%s(:[0-9]{1,5})?/[^%\s]*",
    re.ASCII,
)
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?", re.ASCII)
#: what the resolver takes for an address although it looks like a name: 127.1, 0x7f
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)
_NAME_LIMIT = 253

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NOBODY = "(not named)"


def destination_uri(
    options: MigrationOptions, address: str, *, server: str = _NOBODY
) -> str:
    """The URI under which the source's libvirtd opens the destination's.

    ``options.uri`` wins over ``options.scheme``. A user and a port belong into that
    template, never into the address.

    :param server: the name for the sentence of a refusal
    :raises InvalidConfig: the template or the scheme is none of Xen's
    :raises MigrationRefused: the address is none
    """
    return _template(options).replace("%s", host_part(address, server=server))


def migrate_uri(address: str, *, server: str = _NOBODY) -> str:
    """The URI of the memory stream, without a port: the destination chooses one.

    Without it libvirt takes the destination's own name, which must then resolve there.

    :raises MigrationRefused: the address is none
    """
    return f"tcp://{host_part(address, server=server)}"


def require_address(address: str, *, server: str = _NOBODY) -> None:
    """Refuse what is no address before anything is done with it.

    :raises MigrationRefused: it is none
    """
    host_part(address, server=server)


def host_part(address: str, *, server: str = _NOBODY) -> str:
    """``address`` as it stands in a URI, IPv6 in brackets.

    It comes from outside and ends in URIs and command lines, so it is a name or an IP
    address and nothing else: no option, path, query, port, user or zone.

    :raises MigrationRefused: it is something else
    """
    found = ip_address(address)
    if found is not None:
        if found.is_unspecified or found.is_multicast:
            raise _refused(address, server, "no address of a host")
        return f"[{found}]" if found.version == 6 else str(found)
    if not _is_name(address):
        raise _refused(
            address,
            server,
            "neither a host name nor an IP address (a user or a port belongs into "
            "[libvirt] live_migration_uri)",
        )
    return address


def ip_address(address: str) -> IPAddress | None:
    """The IP address that is written there, in brackets or not; None for a name."""
    bare = address[1:-1] if address[:1] == "[" and address[-1:] == "]" else address
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if bare != address and found.version == 4:
        return None
    scoped = isinstance(found, ipaddress.IPv6Address) and found.scope_id is not None
    return None if scoped else found


def is_unprotected(uri: str) -> bool:
    """Whether anybody in between can read and change what libvirt says over it."""
    return uri.startswith("xen+tcp:")


def unprotected_warning(uri: str) -> str:
    """What a person should know of a connection that is_unprotected."""
    return (
        f"the connection to {uri} is not encrypted and asks nobody who he is: whoever "
        "reaches that port rules all guests of that host, choose "
        "live_migration_scheme tls or ssh"
    )


def _template(options: MigrationOptions) -> str:
    if options.uri is None:
        if options.scheme not in SCHEMES:
            raise _wrong(
                f"live_migration_scheme is {options.scheme!r}; it must be one of "
                f"{', '.join(SCHEMES)}"
            )
        return f"{options.scheme}://%s/system"
    if options.uri.startswith("xenmigr:"):
        raise _wrong(
            f"live_migration_uri is {options.uri!r}; xenmigr belonged to xend, which "
            "is gone, use xen+tls://%s/system"
        )
    if not _TEMPLATE.fullmatch(options.uri):
        raise _wrong(
            f"live_migration_uri is {options.uri!r}; it must be a URI of Xen with one "
            "%s for the address and no other percent sign, such as xen+tls://%s/system"
        )
    return options.uri


def _is_name(address: str) -> bool:
    labels = address.split(".")
    return (
        len(address) <= _NAME_LIMIT
        and all(map(_LABEL.fullmatch, labels))
        and not _NUMBER.fullmatch(labels[-1])
    )


def _wrong(why: str) -> exceptions.InvalidConfig:
    return exceptions.InvalidConfig(why=f"[libvirt] {why}")


def _refused(address: str, server: str, what: str) -> exceptions.MigrationRefused:
    return exceptions.MigrationRefused(
        server=server, destination=repr(address), why=f"that is {what}"
    )
