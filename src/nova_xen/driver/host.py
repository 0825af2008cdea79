# SPDX-License-Identifier: Apache-2.0
"""The host: what it is, has to give, and can do, and what is wrong with it."""

import functools
from typing import TYPE_CHECKING

from nova_xen.driver.base import DriverBase
from nova_xen.model import DiskFormat, HostFacts, Inventory, Trait

if TYPE_CHECKING:
    from nova_xen.model.doctor import Finding


class HostMethods(DriverBase):
    """Facts, resources and traits, and an examination."""

    def get_host(self) -> HostFacts:
        """What this host is and has."""
        return self._host.facts(DiskFormat)

    def get_inventory(self) -> tuple[Inventory, ...]:
        """Its resources and what is used of them."""
        # few commands need it
        from nova_xen.operations import resources

        return resources.get_inventory(self._host)

    def get_traits(self) -> tuple[Trait, ...]:
        """What servers can have here, by os-traits' names."""
        from nova_xen.operations import resources

        return resources.get_traits(self._host)

    def examine_host(self) -> "tuple[Finding, ...]":
        """Every check of this host, passed or not; nothing is changed.

        No error is raised for what is wrong with the host: that is a finding.
        """
        # one command needs them, and a start counts on a busy host
        from nova_xen.migration.leftovers import unsettled
        from nova_xen.operations import doctor

        left = functools.partial(unsettled, self._conf.xen.migration_state_path)
        return doctor.examine(self._host, self._conf, left)
