# SPDX-License-Identifier: Apache-2.0
"""What any domain of the host holds, whoever made it and whatever else it has."""

from nova_xen.domain.tree import fromstring
from nova_xen.domain.xml import Element, children, element, flag, value, values


@element("disk")
class HeldDisk(Element):
    """A disk of any type; what has no path on this host has no source here."""

    source_file: str | None = value("source/@file", default=None)
    source_dev: str | None = value("source/@dev", default=None)
    driver_type: str | None = value("driver/@type", default=None)
    target_dev: str = value("target/@dev", default="")
    readonly: bool = flag("readonly", default=False)

    @property
    def source(self) -> str | None:
        """The path on the host."""
        return self.source_file or self.source_dev


@element("domain")
class Holding(Element):
    """The disks and MAC addresses of a domain."""

    disks: tuple[HeldDisk, ...] = children("devices", default=())
    macs: tuple[str, ...] = values("devices/interface/mac/@address", default=())


def parse_holding(text: str) -> Holding:
    """Read what a document of any domain holds.

    :raises ValueError: no well-formed XML
    """
    return Holding.from_xml(fromstring(text))
