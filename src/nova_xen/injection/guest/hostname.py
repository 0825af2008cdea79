# SPDX-License-Identifier: Apache-2.0
"""A guest's own name: hostname(5), and the line Debian has for it in hosts(5)."""

import re

from nova_xen.injection.guest.edits import Edit, WriteFile
from nova_xen.injection.guest.facts import HOSTNAME, HOSTS, GuestFacts, to_bytes
from nova_xen.injection.guest.problems import Refused

_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_OWN_LINE = re.compile(r"^127\.0\.1\.1[ \t].*$", re.MULTILINE)


def check_hostname(name: str) -> None:
    """Refuse what is no name of a host (RFC 1123).

    :raises Refused:
    """
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise Refused(
            f"{name[:60]} is no name of a host",
            "use letters, digits and '-', and dots between them",
        )


def hostname_edits(name: str, facts: GuestFacts) -> list[Edit]:
    """The name alone; /etc/hosts only where it has a line for it."""
    edits: list[Edit] = [WriteFile(path=HOSTNAME, content=f"{name}\n".encode())]
    old = facts.text(HOSTS)
    new = _OWN_LINE.sub(f"127.0.1.1\t{_names(name)}", old)
    if new != old:
        edits.append(WriteFile(path=HOSTS, content=to_bytes(new), keep_link=True))
    return edits


def _names(name: str) -> str:
    short = name.partition(".")[0]
    return name if short == name else f"{name} {short}"
