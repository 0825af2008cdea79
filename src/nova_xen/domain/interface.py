# SPDX-License-Identifier: Apache-2.0
"""``<interface>``: https://libvirt.org/formatdomain.html#network-interfaces"""

from nova_xen.domain.xml import Element, element, value


@element("interface")
class Interface(Element):
    """A network interface on a bridge, Linux's or Open vSwitch's.

    ``mtu`` in bytes, ``outbound_average`` in KiB/s.
    """

    type: str = value("@type", default="bridge")
    mac: str | None = value("mac/@address", default=None)
    bridge: str | None = value("source/@bridge", default=None)
    virtualport_type: str | None = value("virtualport/@type", default=None)
    interface_id: str | None = value(
        "virtualport/parameters/@interfaceid", default=None
    )
    script: str | None = value("script/@path", default=None)
    target_dev: str | None = value("target/@dev", default=None)
    model: str | None = value("model/@type", default=None)
    mtu: int | None = value("mtu/@size", default=None)
    outbound_average: int | None = value("bandwidth/outbound/@average", default=None)
