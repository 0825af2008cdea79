# SPDX-License-Identifier: Apache-2.0
"""Names of servers."""

import re
import uuid

from nova_xen import exceptions

#: libxl puts the name into paths of logs and into xenstore, so it stays plain
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}", re.ASCII)


def check_name(untrusted_name: str) -> str:
    """The name, when it is one that Xen, libvirt and file systems all take.

    :raises InvalidName: path parts, control characters, spaces, or a form that
        commands take for something else: a number (xl's and virsh's domain id), a
        UUID, Domain-0
    """
    taken = untrusted_name.isdigit() or untrusted_name.lower() == "domain-0"
    if taken or not NAME.fullmatch(untrusted_name) or ".." in untrusted_name:
        raise exceptions.InvalidName(name=repr(untrusted_name))
    try:
        uuid.UUID(untrusted_name)
    except ValueError:
        return untrusted_name
    raise exceptions.InvalidName(name=repr(untrusted_name))


def check_uuid(name: str, untrusted_uuid: str) -> None:
    """Refuse what is no UUID, which would end up in a path, and Domain-0's.

    :raises InvalidRequest: not 8-4-4-4-12 small hexadecimal digits, or all zero
    """
    try:
        number = uuid.UUID(untrusted_uuid)
    except ValueError:
        number = uuid.UUID(int=0)
    if number.int == 0 or str(number) != untrusted_uuid:
        raise exceptions.InvalidRequest(
            server=name, why=f"{untrusted_uuid!r} is no UUID for it, leave it out"
        )
