# SPDX-License-Identifier: Apache-2.0
"""``<graphics>``, ``<video>`` and ``<input>``: the guest's screen and pointer."""

from nova_xen.domain.xml import Element, element, value


@element("graphics")
class Graphics(Element):
    """A VNC server of the device model.

    ``passwd`` is left out of dumps by libvirt unless they are asked for securely,
    and out of ``repr`` here, so that it reaches no log.
    """

    type: str = value("@type", default="vnc")
    port: int | None = value("@port", default=None)
    autoport: bool | None = value("@autoport", default=None)
    listen: str | None = value("@listen", default=None)
    passwd: str | None = value("@passwd", default=None)

    def __repr__(self) -> str:
        return f"Graphics({self.type}, {self.listen}:{self.port})"


@element("video")
class Video(Element):
    """A graphics card; ``vram`` in KiB."""

    model: str = value("model/@type")
    vram: int | None = value("model/@vram", default=None)


@element("input")
class Input(Element):
    """A pointer or keyboard."""

    type: str = value("@type")
    bus: str | None = value("@bus", default=None)
