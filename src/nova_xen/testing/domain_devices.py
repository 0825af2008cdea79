# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""Plug devices of a fake guest in and out."""

from __future__ import annotations

import copy
from collections.abc import Callable

import libvirt

from nova_xen.testing import devices, errors, xmltext
from nova_xen.testing.calls import api
from nova_xen.testing.domain_base import DomainBase
from nova_xen.testing.xmltext import Element

_LIVE, _CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG

_Change = Callable[[Element, Element], None]


class DomainDevices(DomainBase):
    """The part of FakeDomain that plugs devices in and out."""

    @api("attachDevice")
    def attachDevice(self, xml: str) -> int:
        """Plug a device into the running guest."""
        return self._attach(xml, _LIVE)

    @api("attachDevice")
    def attachDeviceFlags(self, xml: str, flags: int = 0) -> int:
        """Plug a device into the running guest, its definition, or both."""
        return self._attach(xml, flags)

    @api("detachDevice")
    def detachDevice(self, xml: str) -> int:
        """Take a device out of the running guest."""
        return self._detach(xml, _LIVE)

    @api("detachDevice")
    def detachDeviceFlags(self, xml: str, flags: int = 0) -> int:
        """Take a device out of the running guest, its definition, or both."""
        return self._detach(xml, flags)

    @api("updateDevice")
    def updateDeviceFlags(self, xml: str, flags: int = 0) -> int:
        """Change the medium of a CD drive; libxl can change nothing else."""

        def live(root: Element, device: Element) -> None:
            devices.update_live(root, device, self._guest())

        function = "libxlDomainUpdateDeviceFlags"
        return self._change(xml, flags, function, devices.update_config, live)

    def _attach(self, xml: str, flags: int) -> int:
        def live(root: Element, device: Element) -> None:
            devices.attach_live(root, device, self._host, self._guest())

        function = "libxlDomainAttachDeviceFlags"
        return self._change(xml, flags, function, devices.attach_config, live)

    def _detach(self, xml: str, flags: int) -> int:
        def live(root: Element, device: Element) -> None:
            devices.detach_live(root, device, self._host)

        function = "libxlDomainDetachDeviceFlags"
        return self._change(xml, flags, function, devices.detach_config, live)

    def _change(
        self, xml: str, flags: int, function: str, config: _Change, live: _Change
    ) -> int:
        """Change a copy of the definition first, then the guest, then keep both.

        libvirt makes one MAC address for both, and an interface id for each.
        """
        errors.check_flags(flags, _LIVE | _CONFIG, function)
        guest = self._wait_for_job(self._guest())
        impact = guest.impact(flags)
        device = devices.read(xml)
        changed = copy.deepcopy(guest.config)
        if impact & _CONFIG:
            config(xmltext.child(changed, "devices"), devices.again(device, xml))
        if impact & _LIVE:
            live(xmltext.child(guest.current, "devices"), device)
        if impact & _CONFIG:
            guest.assign(changed)
        return 0
