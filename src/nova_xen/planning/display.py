# SPDX-License-Identifier: Apache-2.0
"""Screen and pointer: VNC, the graphics card, the USB tablet."""

import dataclasses

from nova_xen import exceptions
from nova_xen.domain import Graphics, Input, Video
from nova_xen.model import GuestMode, Reason
from nova_xen.planning.context import Context, reason

#: video memory by model, MiB: libvirt (libxl_conf.c) has the least, rounds up to a
#: power of two, and QEMU's cirrus ends with 16 (cirrus_vga.c)
VRAM_MIB = {
    "cirrus": (8, 16),
    "vga": (16, 32, 64, 128, 256),
    "xen": (16, 32, 64, 128, 256),
}
VNC_PASSWORD_LIMIT = 8


@dataclasses.dataclass(frozen=True)
class Display:
    """What the guest shows, and how it is pointed at."""

    graphics: tuple[Graphics, ...] = ()
    videos: tuple[Video, ...] = ()
    inputs: tuple[Input, ...] = ()
    reasons: tuple[Reason, ...] = ()


def decide_display(context: Context) -> Display:
    """VNC when the operator has it enabled; a tablet where USB exists.

    :raises InvalidRequest: a card, pointer or password that cannot be
    """
    pointer = context.choice("hw_pointer_model", ("usbtablet", "ps2mouse"))
    if pointer == "usbtablet" and context.mode is not GuestMode.HVM:
        raise _wrong(
            context,
            f"a {context.mode} guest has no USB, so image property "
            "hw_pointer_model=usbtablet needs vm_mode=hvm",
        )
    video, video_reason = _video(context)
    if not context.options.vnc_enabled:
        why = "the option [vnc] enabled=false"
        return Display(reasons=(reason("graphics", "none", why),))
    reasons = [_listen_reason(context), video_reason]
    inputs: tuple[Input, ...] = ()
    if _has_tablet(context, pointer):
        inputs = (Input(type="tablet", bus="usb"),)
        why = "so that the pointer of VNC and of the guest agree"
        reasons.append(reason("input", "usb tablet", why))
    return Display((_graphics(context),), (video,), inputs, tuple(reasons))


def _wrong(context: Context, why: str) -> exceptions.InvalidRequest:
    return exceptions.InvalidRequest(server=context.instance.name, why=why)


def _has_tablet(context: Context, pointer: str | None) -> bool:
    if context.mode is not GuestMode.HVM:
        return False
    return pointer == "usbtablet" or (pointer is None and context.options.usb_tablet)


def _graphics(context: Context) -> Graphics:
    password = context.instance.vnc_password
    if password is not None and not 0 < len(password) <= VNC_PASSWORD_LIMIT:
        raise _wrong(
            context,
            f"a VNC password has 1 to {VNC_PASSWORD_LIMIT} characters, since VNC "
            "itself cuts off the rest",
        )
    return Graphics(
        type="vnc",
        port=-1,
        autoport=True,
        listen=context.options.vnc_listen,
        passwd=password,
    )


def _listen_reason(context: Context) -> Reason:
    listen = context.options.vnc_listen
    open_to_all = listen not in ("127.0.0.1", "::1", "localhost")
    if open_to_all and context.instance.vnc_password is None:
        why = (
            f"VNC listens on {listen} without a password (option [vnc] server_listen), "
            "so whoever reaches this host can use the guest's screen"
        )
        return reason("graphics/@listen", listen, why, warning=True)
    return reason("graphics/@listen", listen, "the option [vnc] server_listen")


def _video(context: Context) -> tuple[Video, Reason]:
    if context.mode is not GuestMode.HVM:
        why = f"a {context.mode} guest has Xen's framebuffer only"
        if context.image_property("hw_video_model") not in (None, "xen"):
            raise _wrong(context, f"{why}, remove hw_video_model or set it to xen")
        return Video(model="xen"), reason("video/model", "xen", why)
    given = context.choice("hw_video_model", _models(context))
    model = given or "cirrus"
    why = f"image property hw_video_model={given}" if given else "libxl's default card"
    return Video(model=model, vram=_vram(context, model)), reason(
        "video/model", model, why
    )


def _models(context: Context) -> tuple[str, ...]:
    offered = context.host.modes[context.mode].video_models
    return tuple(model for model in VRAM_MIB if not offered or model in offered)


def _vram(context: Context, model: str) -> int | None:
    given = context.image_property("hw_video_ram")
    if given is None:
        return None
    possible = tuple(map(str, VRAM_MIB[model]))
    if given not in possible:
        raise _wrong(
            context,
            f"image property hw_video_ram={given} is not possible, the card {model} "
            f"takes one of {', '.join(possible)} MiB",
        )
    _check_flavor_vram(context, int(given))
    return int(given) * 1024


def _check_flavor_vram(context: Context, mib: int) -> None:
    """Nova's limit of video memory by flavor; without one any card's size goes."""
    most = context.instance.flavor.extra_specs.get("hw_video:ram_max_mb")
    if most is not None and not (most.isdecimal() and mib <= int(most)):
        raise _wrong(
            context,
            f"image property hw_video_ram={mib} is more than the flavor allows (extra "
            f"spec hw_video:ram_max_mb={most}), choose another flavor",
        )
