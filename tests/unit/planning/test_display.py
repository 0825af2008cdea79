# SPDX-License-Identifier: Apache-2.0
"""Consoles, screen, card and pointer of each mode."""

import dataclasses
from typing import Any

import pytest

from golden.builders import BY_MODE, FOLDER, HVM, PV, flavor, host, options, plan
from nova_xen import exceptions
from nova_xen.domain import Console, Graphics, Input, Serial
from nova_xen.model import GuestMode

TABLET = (Input(type="tablet", bus="usb"),)


@pytest.mark.parametrize("mode", GuestMode)
def test_every_mode_has_xens_console(mode: GuestMode) -> None:
    consoles = plan(BY_MODE[mode]).domain.devices.consoles
    assert consoles == (Console(type="pty", target_type="xen", target_port=0),)


@pytest.mark.parametrize("mode", GuestMode)
def test_hvm_alone_has_a_serial_port(mode: GuestMode) -> None:
    log = Serial(type="file", source_path=f"{FOLDER}/console.log", target_port=0)
    expected = (log,) if mode is GuestMode.HVM else ()
    assert plan(BY_MODE[mode]).domain.devices.serials == expected


@pytest.mark.parametrize("mode", [GuestMode.PV, GuestMode.PVH])
def test_log_of_xens_console(mode: GuestMode) -> None:
    kept = plan(BY_MODE[mode], on=host(console_log_dir="/var/log/xen/console"))
    lost = plan(BY_MODE[mode], on=host(console_log_dir=None))
    (reason,) = [each for each in kept.reasons if each.element == "console/log"]
    assert reason.choice == "/var/log/xen/console/guest-web1.log"
    assert kept.warnings == ()
    assert any("xenconsoled keeps no log of guests" in why for why in lost.warnings)


@pytest.mark.parametrize("mode", GuestMode)
@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("tablet", [True, False])
@pytest.mark.parametrize("asked", [None, "ps2mouse", "usbtablet"])
def test_screen_and_pointer(
    mode: GuestMode, asked: str | None, *, enabled: bool, tablet: bool
) -> None:
    wish = {"hw_pointer_model": asked} if asked else {}
    by = options(vnc_enabled=enabled, usb_tablet=tablet)
    hvm = mode is GuestMode.HVM
    if asked == "usbtablet" and not hvm:
        with pytest.raises(exceptions.InvalidRequest, match=r"has no USB.*vm_mode=hvm"):
            plan({**BY_MODE[mode], **wish}, by=by)
        return
    devices = plan({**BY_MODE[mode], **wish}, by=by).domain.devices
    has_tablet = hvm and enabled and (asked == "usbtablet" or (not asked and tablet))
    assert devices.inputs == (TABLET if has_tablet else ())
    assert len(devices.graphics) == len(devices.videos) == int(enabled)


@pytest.mark.parametrize(
    ("listen", "password", "warns"),
    [
        ("127.0.0.1", None, False),
        ("::1", None, False),
        ("192.0.2.1", None, True),
        ("0.0.0.0", None, True),  # noqa: S104
        ("192.0.2.1", "secret", False),
    ],
)
def test_vnc(listen: str, password: str | None, *, warns: bool) -> None:
    planned = plan(PV, by=options(vnc_listen=listen), vnc_password=password)
    assert planned.domain.devices.graphics == (
        Graphics(port=-1, autoport=True, listen=listen, passwd=password),
    )
    assert any("without a password" in why for why in planned.warnings) is warns


@pytest.mark.parametrize(
    ("password", "granted"),
    [("", False), ("a", True), ("12345678", True), ("123456789", False)],
)
def test_vnc_password_has_one_to_eight_characters(
    password: str, *, granted: bool
) -> None:
    if granted:
        assert plan(PV, vnc_password=password).domain.devices.graphics
        return
    with pytest.raises(exceptions.InvalidRequest) as refused:
        plan(PV, vnc_password=password)
    assert "a VNC password has 1 to 8 characters" in str(refused.value)
    assert "123456789" not in str(refused.value)


def test_the_password_is_shown_nowhere() -> None:
    planned = plan(PV, vnc_password="hunter2")
    assert "hunter2" not in repr(planned)
    assert not any("hunter2" in str(reason) for reason in planned.reasons)


@pytest.mark.parametrize("mode", GuestMode)
@pytest.mark.parametrize("card", [None, "cirrus", "vga", "xen", "qxl", "virtio"])
def test_card(mode: GuestMode, card: str | None) -> None:
    asked = {**BY_MODE[mode], **({"hw_video_model": card} if card else {})}
    possible = ("cirrus", "vga", "xen") if mode is GuestMode.HVM else ("xen",)
    if card is not None and card not in possible:
        with pytest.raises(exceptions.InvalidRequest):
            plan(asked)
        return
    (video,) = plan(asked).domain.devices.videos
    assert video.model == (card or possible[0])


def test_only_cards_the_host_offers() -> None:
    facts = host()
    hvm = facts.modes[GuestMode.HVM]
    modes = {GuestMode.HVM: dataclasses.replace(hvm, video_models=("cirrus",))}
    with pytest.raises(exceptions.InvalidProperty, match="must be one of: cirrus"):
        plan({**HVM, "hw_video_model": "vga"}, on=host(modes=modes))


VRAM = [
    ("cirrus", "8", 8192),
    ("cirrus", "16", 16384),
    ("cirrus", "4", None),
    ("cirrus", "12", None),
    ("cirrus", "32", None),
    ("vga", "16", 16384),
    ("vga", "256", 262144),
    ("vga", "8", None),
    ("vga", "24", None),
    ("vga", "512", None),
    ("vga", "much", None),
    ("vga", "²", None),
    ("xen", "64", 65536),
]


@pytest.mark.parametrize(("card", "given", "kib"), VRAM)
def test_video_memory(card: str, given: str, kib: int | None) -> None:
    """libvirt rounds up to a power of two, and QEMU's cirrus ends with 16 MiB."""
    asked = {**HVM, "hw_video_model": card, "hw_video_ram": given}
    if kib is None:
        with pytest.raises(
            exceptions.InvalidRequest, match=f"the card {card} takes one"
        ):
            plan(asked)
        return
    assert plan(asked).domain.devices.videos[0].vram == kib


@pytest.mark.parametrize(
    ("most", "granted"), [("64", True), ("16", True), ("8", False), ("few", False)]
)
def test_the_flavor_limits_video_memory(most: str, *, granted: bool) -> None:
    asked = {**HVM, "hw_video_ram": "16"}
    limited: Any = flavor({"hw_video:ram_max_mb": most})
    if granted:
        assert plan(asked, flavor=limited).domain.devices.videos[0].vram == 16384
        return
    with pytest.raises(exceptions.InvalidRequest, match="more than the flavor allows"):
        plan(asked, flavor=limited)
