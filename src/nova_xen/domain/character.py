# SPDX-License-Identifier: Apache-2.0
"""``<console>`` and ``<serial>``: what a guest prints, and where it goes."""

from nova_xen.domain.xml import Element, element, value


@element("console")
class Console(Element):
    """Xen's paravirtual console (hvc0), held by xenconsoled on the host."""

    type: str = value("@type", default="pty")
    source_path: str | None = value("source/@path", default=None)
    target_type: str | None = value("target/@type", default=None)
    target_port: int | None = value("target/@port", default=None)


@element("serial")
class Serial(Element):
    """An emulated serial port of an HVM guest, written by its device model."""

    type: str = value("@type")
    source_path: str | None = value("source/@path", default=None)
    target_port: int | None = value("target/@port", default=None)
