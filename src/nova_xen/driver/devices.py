# SPDX-License-Identifier: Apache-2.0
"""Volumes and network interfaces, plugged in and taken out."""

from typing import TYPE_CHECKING

from nova_xen.driver.base import DriverBase
from nova_xen.model import DeviceChange, PluggedDevice, VolumeRequest

if TYPE_CHECKING:
    from nova_xen.operations.request import NicRequest

_ACTION = "given or relieved of devices"


class DeviceMethods(DriverBase):
    """What a server gets and loses while it exists, running or not."""

    def list_devices(self, name: str) -> tuple[PluggedDevice, ...]:
        """What a server has plugged in now, and what it is to have next time."""
        from nova_xen.operations import devices

        return devices.list_devices(self._host, name)

    def attach_volume(self, name: str, request: VolumeRequest) -> DeviceChange:
        """Give a server a file or block device of this host as a disk."""
        from nova_xen.operations import volumes

        self._require_settled(name, _ACTION)
        return volumes.attach_volume(self._host, name, request)

    def detach_volume(self, name: str, volume: str) -> tuple[str, ...]:
        """Take a volume from a server; gives what should be known.

        :param volume: the disk's name in the guest, or its path on this host
        """
        from nova_xen.operations import volumes

        self._require_settled(name, _ACTION)
        return volumes.detach_volume(self._host, name, volume)

    def change_cdrom(self, name: str, path: str | None) -> None:
        """Put an ISO image into a server's CD drive; None empties it."""
        from nova_xen.operations import media

        self._require_settled(name, _ACTION)
        media.change_cdrom(self._host, name, path)

    def attach_interface(self, name: str, request: "NicRequest") -> DeviceChange:
        """Give a server a network interface on a bridge of this host."""
        from nova_xen.operations import interfaces

        self._require_settled(name, _ACTION)
        return interfaces.attach_interface(self._host, name, request)

    def detach_interface(self, name: str, mac: str) -> tuple[str, ...]:
        """Take the interface of this address from a server; gives what to know."""
        from nova_xen.operations import interfaces

        self._require_settled(name, _ACTION)
        return interfaces.detach_interface(self._host, name, mac)
