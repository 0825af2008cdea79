# SPDX-License-Identifier: Apache-2.0
"""Names that guests call themselves by."""

import re

from nova_xen import exceptions

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#: RFC 1123, section 2.1
HOSTNAME = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII)
#: what Linux's sethostname(2) takes
HOSTNAME_LIMIT = 64
LABEL_LIMIT = 63


def check_hostname(server: str, untrusted_hostname: str) -> None:
    """Refuse a name that RFC 1123 or a Linux guest does not take.

    :raises InvalidRequest: saying which names are taken
    """
    found = HOSTNAME.fullmatch(untrusted_hostname)
    # a name whose last part is a number reads like an address (RFC 1123 again)
    number = untrusted_hostname.rpartition(".")[2].isdigit()
    if found and not number and len(untrusted_hostname) <= HOSTNAME_LIMIT:
        return
    raise exceptions.InvalidRequest(
        server=server,
        why=f"{untrusted_hostname!r} is no host name; one has letters, digits and '-', "
        f"in parts that '.' joins, the last no number, {HOSTNAME_LIMIT} characters in "
        "all (--hostname)",
    )


def default_hostname(name: str) -> str:
    """The host name that is nearest to the name of a server.

    One label, since a '.' would make a domain of what is only a name; a name of
    digits alone gets letters before it, lest it read like a part of an address.
    """
    label = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:LABEL_LIMIT].strip("-")
    return f"server-{label}"[:LABEL_LIMIT] if label.isdigit() else label
