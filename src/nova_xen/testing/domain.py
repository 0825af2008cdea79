# SPDX-License-Identifier: Apache-2.0
"""A guest of a fake host: virDomain as far as a host driver needs it."""

from __future__ import annotations

from nova_xen.testing.domain_devices import DomainDevices
from nova_xen.testing.domain_life import DomainLife
from nova_xen.testing.domain_metadata import DomainMetadata
from nova_xen.testing.domain_migration import DomainMigration
from nova_xen.testing.domain_saving import DomainSaving
from nova_xen.testing.domain_state import DomainState
from nova_xen.testing.domain_statistics import DomainStatistics
from nova_xen.testing.domain_tuning import DomainTuning
from nova_xen.testing.unsupported import DOMAIN_CALLS, add_unsupported


@add_unsupported(DOMAIN_CALLS)
class FakeDomain(
    DomainLife,
    DomainSaving,
    DomainDevices,
    DomainTuning,
    DomainMetadata,
    DomainMigration,
    DomainStatistics,
    DomainState,
):
    """Stands where libvirt.virDomain stands; made by a FakeConnection.

    As with the real one `ID()` is what it was when the object was made or started:
    a guest that restarted has another id, which only a new look-up tells.
    """
