# SPDX-License-Identifier: Apache-2.0
"""The host: what it is, has to give, and can do."""

from nova_xen.driver.base import DriverBase
from nova_xen.model import DiskFormat, HostFacts, Inventory, Trait


class HostMethods(DriverBase):
    """Facts, resources and traits."""

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
