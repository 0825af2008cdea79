# SPDX-License-Identifier: Apache-2.0
"""The one call that migrates: flags and parameters that libxl takes, and no others.

libxl refuses every parameter but migrate_uri, destination_xml and a new name, and
every flag but these and PAUSED (probed on libvirt 9.0.0, doc/libxl.rst).
"""

import dataclasses

from nova_xen.model import (
    MigrateFlag,
    MigrationKind,
    MigrationOptions,
    MigrationRequest,
)
from nova_xen.planning.migration.uris import migrate_uri

_ALWAYS = (
    MigrateFlag.PEER2PEER,
    MigrateFlag.PERSIST_DEST,
    MigrateFlag.UNDEFINE_SOURCE,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationCall:
    """How migrateToURI3 is asked.

    ``migrate_uri`` is where memory goes; None when it goes through libvirt's own
    connection, that is when the call is ``tunnelled``.
    """

    flags: tuple[MigrateFlag, ...]
    migrate_uri: str | None = None

    @property
    def tunnelled(self) -> bool:
        """Whether memory goes through libvirt's connection."""
        return MigrateFlag.TUNNELLED in self.flags


def decide_call(
    request: MigrationRequest, options: MigrationOptions, address: str
) -> MigrationCall:
    """How ``request`` is put to libvirt.

    :param address: the one that the destination wants memory to come to
    :raises MigrationRefused: the address is none
    """
    live = (MigrateFlag.LIVE,) if request.kind is MigrationKind.LIVE else ()
    if is_tunnelled(request, options):
        return MigrationCall(flags=(*live, *_ALWAYS, MigrateFlag.TUNNELLED))
    return MigrationCall(
        flags=(*live, *_ALWAYS),
        migrate_uri=migrate_uri(address, server=request.server),
    )


def is_tunnelled(request: MigrationRequest, options: MigrationOptions) -> bool:
    """Whether memory shall go through libvirt's connection; the request comes first."""
    return options.tunnelled if request.tunnelled is None else request.tunnelled
