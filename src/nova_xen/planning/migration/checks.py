# SPDX-License-Identifier: Apache-2.0
"""What must be so before a server migrates: each refusal a clause with its numbers.

Everything found is told at once. Real Xen notices most of these too late: it starts,
copies, and then says no more than that it failed; see doc/libxl.rst.
"""

from collections.abc import Mapping

from nova_xen.model import (
    MigrationHost,
    MigrationOptions,
    MigrationRequest,
    MovingGuest,
)
from nova_xen.planning.migration import (
    checks_guest,
    checks_host,
    checks_storage,
    checks_warned,
)
from nova_xen.planning.migration.case import Case, Check

REFUSALS: tuple[Check, ...] = (
    checks_guest.running,
    checks_guest.mode,
    checks_host.xen_version,
    checks_host.cpu,
    checks_guest.shadow,
    checks_guest.passthrough,
    checks_guest.formats,
    checks_guest.identity,
    checks_host.memory,
    checks_storage.storage,
    checks_storage.files,
    checks_storage.bridges,
    checks_host.clock,
    checks_host.incoming,
    checks_host.stream,
)
WARNINGS: tuple[Check, ...] = (
    checks_warned.transport,
    checks_warned.cpu,
    checks_warned.memory,
    checks_warned.block,
    checks_warned.clock,
    checks_warned.shadow,
    checks_warned.libvirt_version,
)


def refusals(
    guest: MovingGuest,
    source: MigrationHost,
    destination: MigrationHost,
    request: MigrationRequest,
    options: MigrationOptions,
    *,
    proofs: Mapping[str, str | None] | None = None,
) -> tuple[str, ...]:
    """Why the migration cannot be; nothing when it can.

    A read-only disk on the SCSI bus cannot migrate either, and is not seen here.

    :param proofs: what was written beside the disks, by path; None for the source's
    """
    case = Case(
        guest=guest,
        here=source,
        there=destination,
        request=request,
        options=options,
        proofs=source.proofs if proofs is None else proofs,
    )
    if same := tuple(checks_host.same_host(case)):
        return same
    return tuple(clause for check in REFUSALS for clause in check(case))


def warnings(
    guest: MovingGuest,
    source: MigrationHost,
    destination: MigrationHost,
    request: MigrationRequest,
    options: MigrationOptions,
) -> tuple[str, ...]:
    """What a person should know of a migration that can be."""
    case = Case(
        guest=guest,
        here=source,
        there=destination,
        request=request,
        options=options,
        proofs={},
    )
    return tuple(clause for check in WARNINGS for clause in check(case))
