# SPDX-License-Identifier: Apache-2.0
"""How servers leave this host and arrive: addresses, programs, ports."""

import re
from collections.abc import Iterator

from nova_xen.model.doctor import Finding, TransportFacts
from nova_xen.planning.doctor.words import advice, ok, problem
from nova_xen.planning.migration import uris

#: libvirt's LIBXL_MIGRATION_PORT_MIN and _MAX, which no setting changes
PORTS = range(49152, 49217)
#: libvirt's own, by the transport of its URI
_OWN = {"tls": 16514, "tcp": 16509}
_PORT = re.compile(r"xen\+(?:tls|tcp)://[^/]*:(\d+)/", re.ASCII)
_OPTION = "[libvirt] live_migration_scheme"


def scheme(uri: str) -> str:
    """The transport of a URI: tls, ssh, tcp …; '' for the host's own socket.

    libvirt takes ``xen://HOST`` for TLS.
    """
    before, found, rest = uri.partition("://")
    _, _, transport = before.partition("+")
    return transport or ("tls" if found and not rest.startswith("/") else "")


def address(facts: TransportFacts) -> Iterator[Finding]:
    """The URI of another host's libvirt, and whether anybody may use it."""
    if not facts.uri:
        yield problem(
            "migration-uri",
            f"Servers cannot migrate: {facts.why}.",
            "Correct that option.",
        )
    elif uris.is_unprotected(facts.uri):
        yield advice(
            "migration-uri",
            f"The connection to other hosts ({facts.uri}) is not encrypted and asks "
            "nobody who he is: whoever reaches that port rules all guests there.",
            f"Set the option {_OPTION} to tls or ssh.",
        )
    else:
        yield ok("migration-uri", f"Servers migrate to {facts.uri}.")


def programs(facts: TransportFacts) -> Iterator[Finding]:
    """What is started to speak with the other host."""
    for each in facts.programs.programs:
        path = facts.programs.found.get(each.name)
        if path is not None:
            yield ok("migration-programs", f"{path} is there.")
            continue
        install = f" (apt install {each.package})" if each.package else ""
        yield problem(
            "migration-programs",
            f"{each.name} is not on this host: {each.without}.",
            f"Install it{install}, or correct the option [xen] migration_peer_command.",
        )


def ports(facts: TransportFacts) -> Iterator[Finding]:
    """Those that memory arrives by; a setting about them is one that nobody reads."""
    for line in facts.settings:
        yield advice(
            "migration-ports",
            f"{facts.libxl_conf} says '{line}', which libvirt's libxl driver passes "
            f"over: memory arrives by the ports {PORTS[0]} to {PORTS[-1]}.",
            "Remove the line, and let those ports through the firewall.",
        )
    if facts.listening is None:
        return
    taken = len(facts.listening.intersection(PORTS))
    span = f"the ports {PORTS[0]} to {PORTS[-1]}"
    if taken == len(PORTS):
        yield problem(
            "migration-ports",
            f"Other programs listen on all of {span}: no server can arrive.",
            "See who does (ss -tlnp) and have them listen elsewhere.",
        )
        return
    yield ok(
        "migration-ports",
        f"Of {span}, by which memory arrives, {len(PORTS) - taken} are free.",
    )


def arrivals(facts: TransportFacts) -> Iterator[Finding]:
    """Whether libvirt, or systemd for it, listens for other hosts."""
    port = own_port(facts.uri)
    if port is None or facts.listening is None or not _set_up(facts):
        return
    if port in facts.listening:
        yield ok("migration-listener", f"Somebody listens on port {port}.")
        return
    kind = scheme(facts.uri)
    yield advice(
        "migration-listener",
        f"Nobody listens on port {port}, where other hosts look for this host's "
        f"libvirt ({facts.uri}): servers can leave and not arrive.",
        f"Have systemd listen (systemctl enable --now libvirtd-{kind}.socket).",
    )


def _set_up(facts: TransportFacts) -> bool:
    """Without any certificate nobody means to migrate by TLS yet."""
    return facts.pki is None or any(each.exists for each in facts.pki.files)


def own_port(uri: str) -> int | None:
    """Where another host's libvirt listens; None where it listens on no port."""
    if found := _PORT.match(uri):
        return int(found[1])
    return _OWN.get(scheme(uri))
