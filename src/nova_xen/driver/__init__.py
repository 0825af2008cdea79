# SPDX-License-Identifier: Apache-2.0
"""LibvirtDriver: what a cloud, or a person, asks of a Xen host.

One short method for each operation, by Nova's names, in a file for each concern; each
hands over to operations.
"""

from nova_xen.driver.devices import DeviceMethods
from nova_xen.driver.host import HostMethods
from nova_xen.driver.images import ImageMethods
from nova_xen.driver.migrations import MigrationMethods
from nova_xen.driver.power import PowerMethods
from nova_xen.driver.servers import ServerMethods


class LibvirtDriver(
    ServerMethods,
    PowerMethods,
    DeviceMethods,
    ImageMethods,
    MigrationMethods,
    HostMethods,
):
    """A Xen host through libvirt.

    Names of servers may be given as name or UUID. Every method raises a subclass of
    :class:`nova_xen.exceptions.NovaXenError`.
    """
