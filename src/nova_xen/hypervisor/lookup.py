# SPDX-License-Identifier: Apache-2.0
"""How one comes by a guest: by its definition, its name or its UUID."""

import uuid as uuids

import libvirt

from nova_xen import exceptions
from nova_xen.hypervisor.connection import Connection
from nova_xen.hypervisor.deadlines import Kind
from nova_xen.hypervisor.guest import Guest


def define_guest(connection: Connection, xml: str, name: str) -> Guest:
    """Keep a definition, checked by libvirt's schema; ``name`` is for errors alone.

    :raises HypervisorError: libvirt refuses the document
    """
    return _define(connection, xml, name, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)


def keep_definition(connection: Connection, xml: str, name: str) -> Guest:
    """Keep a definition that a libvirt has written, without a look at its schema.

    Another libvirt's schema may lack what its own writes; and the look takes two thirds
    of the time, 0.1 s on emulated Xen. ``name`` is for errors alone.

    :raises HypervisorError: libvirt refuses the document
    """
    return _define(connection, xml, name, 0)


def _define(connection: Connection, xml: str, name: str, flags: int) -> Guest:
    handle = connection.call(
        "defineXMLFlags",
        xml,
        flags,
        doing="defining",
        server=name,
        kind=Kind.DEFINE,
    )
    return Guest.of(connection, handle)


def find_guest(connection: Connection, name_or_uuid: str) -> Guest:
    """The guest of that name or UUID (no name looks like a UUID).

    :raises ServerNotFound: there is none
    """
    if not name_or_uuid:
        # libvirt takes that for a mistake of the caller and not for a guest's name
        raise exceptions.ServerNotFound(server="''")
    method = "lookupByUUIDString" if _is_uuid(name_or_uuid) else "lookupByName"
    handle = connection.call(
        method, name_or_uuid, doing="looking up", server=name_or_uuid
    )
    return Guest.of(connection, handle)


def _is_uuid(text: str) -> bool:
    try:
        uuids.UUID(text)
    except ValueError:
        return False
    return True
