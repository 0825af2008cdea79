# SPDX-License-Identifier: Apache-2.0
"""How servers would leave this host and arrive."""

import contextlib
import re
from collections.abc import Iterator

from nova_xen.examination.certificates import pki_facts
from nova_xen.examination.places import Places
from nova_xen.examination.programs import program_facts
from nova_xen.examination.xen import LIBXL_CONF
from nova_xen.model.doctor import Program, TransportFacts
from nova_xen.planning.doctor.transport import scheme

_WITHOUT = "servers cannot migrate"
_SSH = Program("ssh", "openssh-client", _WITHOUT)
_PORTS = re.compile(r"^\s*(migration_port_\w+\s*=.*?)\s*$", re.MULTILINE)
#: TCP_LISTEN of the kernel, in /proc/net/tcp
_LISTEN = "0A"


def transport_facts(
    uri: str, why: str, peer_command: tuple[str, ...], places: Places
) -> TransportFacts:
    """What is there of it.

    :param uri: of another host's libvirt; '' where the options make none, by ``why``
    :param peer_command: what is started for the other host's nova-xen
    """
    kind = scheme(uri)
    return TransportFacts(
        uri=uri,
        why=why,
        libxl_conf=str(places.at(LIBXL_CONF)),
        programs=program_facts(_programs(kind, peer_command)),
        listening=listening(places),
        settings=_settings(places),
        pki=pki_facts(uri, places) if kind == "tls" else None,
    )


def _programs(kind: str, peer_command: tuple[str, ...]) -> Iterator[Program]:
    for name in peer_command[:1]:
        yield _SSH if name == _SSH.name else Program(name, "", _WITHOUT)
    if kind == "ssh":
        yield _SSH


def _settings(places: Places) -> tuple[str, ...]:
    with contextlib.suppress(OSError):
        text = places.at(LIBXL_CONF).read_text(errors="replace")
        return tuple(_PORTS.findall(text))
    return ()


def listening(places: Places) -> frozenset[int] | None:
    """TCP ports of this host on which somebody listens; None when nobody tells."""
    found: set[int] = set()
    told = False
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            text = places.at(f"/proc/net/{name}").read_text(errors="replace")
            found.update(_listening(text))
            told = True
    return frozenset(found) if told else None


def _listening(text: str) -> Iterator[int]:
    """Its rows are ``sl local_address rem_address st …``, numbers in hexadecimal."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        with contextlib.suppress(IndexError, ValueError):
            if fields[3] == _LISTEN:
                yield int(fields[1].rpartition(":")[2], 16)
