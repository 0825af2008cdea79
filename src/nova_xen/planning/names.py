# SPDX-License-Identifier: Apache-2.0
"""Names of servers."""

import re
import uuid

from nova_xen import exceptions

#: libxl puts the name into paths of logs and into xenstore, so it stays plain
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}", re.ASCII)


def check_name(untrusted_name: str) -> str:
    """The name, when it is one that Xen, libvirt and file systems all take.

    :raises InvalidName: path parts, control characters, spaces, or a UUID's form,
        which every command would take for a UUID
    """
    if not NAME.fullmatch(untrusted_name) or ".." in untrusted_name:
        raise exceptions.InvalidName(name=repr(untrusted_name))
    try:
        uuid.UUID(untrusted_name)
    except ValueError:
        return untrusted_name
    raise exceptions.InvalidName(name=repr(untrusted_name))
