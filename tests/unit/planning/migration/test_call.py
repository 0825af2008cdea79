# SPDX-License-Identifier: Apache-2.0
"""Flags and parameters: what libxl takes and nothing else."""

import itertools

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.model import (
    MigrateFlag,
    MigrationKind,
    MigrationOptions,
    MigrationRequest,
)
from nova_xen.planning.migration.call import MigrationCall, decide_call

LIVE, STILL = MigrationKind.LIVE, MigrationKind.STOP_AND_COPY
ALWAYS = (
    MigrateFlag.PEER2PEER,
    MigrateFlag.PERSIST_DEST,
    MigrateFlag.UNDEFINE_SOURCE,
)


@pytest.mark.parametrize(
    ("kind", "asked", "option", "flags", "migrate_uri"),
    [
        (LIVE, None, False, (MigrateFlag.LIVE, *ALWAYS), "tcp://xen2"),
        (LIVE, False, True, (MigrateFlag.LIVE, *ALWAYS), "tcp://xen2"),
        (
            LIVE,
            None,
            True,
            (MigrateFlag.LIVE, *ALWAYS, MigrateFlag.TUNNELLED),
            None,
        ),
        (
            LIVE,
            True,
            False,
            (MigrateFlag.LIVE, *ALWAYS, MigrateFlag.TUNNELLED),
            None,
        ),
        (STILL, None, False, ALWAYS, "tcp://xen2"),
        (STILL, True, False, (*ALWAYS, MigrateFlag.TUNNELLED), None),
    ],
)
def test_calls(
    kind: MigrationKind,
    asked: bool | None,
    option: bool,
    flags: tuple[MigrateFlag, ...],
    migrate_uri: str | None,
) -> None:
    request = MigrationRequest(
        server="web1", destination="xen2", kind=kind, tunnelled=asked
    )
    call = decide_call(request, MigrationOptions(tunnelled=option), "xen2")
    assert call == MigrationCall(flags=flags, migrate_uri=migrate_uri)
    assert call.tunnelled is (migrate_uri is None)


@pytest.mark.parametrize(
    ("kind", "tunnelled"), list(itertools.product(MigrationKind, (False, True)))
)
def test_only_what_libxl_takes(kind: MigrationKind, tunnelled: bool) -> None:
    """PAUSED is taken too and never wanted; the rest is refused (probed)."""
    request = MigrationRequest(
        server="web1", destination="xen2", kind=kind, tunnelled=tunnelled
    )
    call = decide_call(request, MigrationOptions(), "xen2")
    numbers = [getattr(libvirt, f"VIR_MIGRATE_{flag}") for flag in call.flags]
    assert len(set(numbers)) == len(numbers)
    assert libvirt.VIR_MIGRATE_PEER2PEER in numbers
    assert (libvirt.VIR_MIGRATE_LIVE in numbers) is (kind is LIVE)


def test_what_is_no_address_is_no_parameter() -> None:
    request = MigrationRequest(server="web1", destination="xen2")
    with pytest.raises(exceptions.MigrationRefused, match="Server web1 cannot be"):
        decide_call(request, MigrationOptions(), "xen2/?command=sh")
