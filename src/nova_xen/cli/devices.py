# SPDX-License-Identifier: Apache-2.0
"""nova-xen server device list, add, remove and change cdrom."""

import abc
import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cliff.lister import Lister
from cliff.show import ShowOne

from nova_xen.cli import rows, values
from nova_xen.cli.base import NovaXenCommand

if TYPE_CHECKING:
    from nova_xen.model import DeviceChange

VOLUME_FORMATS = ("raw", "qcow2", "vhd")


def _note(name: str) -> str:
    return f"See 'nova-xen server device list {name}' for what it has now."


class ListDevice(NovaXenCommand, Lister):
    """List the disks and network interfaces of a server."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="SERVER", help="name or UUID of the server")
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.DEVICES

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        found = self.driver.list_devices(parsed_args.name)
        return rows.DEVICES, [rows.plugged(each) for each in found]


class _Add(NovaXenCommand, ShowOne, abc.ABC):
    """Gives a server a device and shows it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="SERVER", help="name or UUID of the server")
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.DEVICE

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        try:
            change = self.add(parsed_args)
        except KeyboardInterrupt as stop:
            stop.add_note(_note(parsed_args.name))
            raise
        for warning in change.warnings:
            self.app.warn(warning)
        return rows.DEVICE, rows.device(parsed_args.name, change)

    @abc.abstractmethod
    def add(self, args: argparse.Namespace) -> "DeviceChange":
        """Do it."""


class AddVolume(_Add):
    """Give a server a file or block device of this host as a disk."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "path", metavar="PATH", help="file or block device of this host"
        )
        parser.add_argument(
            "--volume-format",
            choices=VOLUME_FORMATS,
            help="format of the volume (default: what its header says; raw for a "
            "block device)",
        )
        parser.add_argument(
            "--device",
            metavar="xvdX",
            help="name of the disk in the guest (default: the next free one)",
        )
        parser.add_argument(
            "--read-only",
            action="store_true",
            help="the guest cannot write to it; for block devices alone",
        )
        return parser

    def add(self, args: argparse.Namespace) -> "DeviceChange":
        from nova_xen.model import DiskFormat, VolumeRequest

        declared = args.volume_format
        request = VolumeRequest(
            path=args.path,
            format=DiskFormat(declared) if declared else None,
            target=args.device,
            readonly=args.read_only,
        )
        return self.driver.attach_volume(args.name, request)


class AddNetwork(_Add):
    """Give a server a network interface on a bridge of this host."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "network",
            metavar="bridge=NAME[,KEY=VALUE...]",
            type=values.network,
            help="as --network of server create: the keys are mac, model, mtu, script",
        )
        return parser

    def add(self, args: argparse.Namespace) -> "DeviceChange":
        from nova_xen.operations.request import NicRequest

        return self.driver.attach_interface(args.name, NicRequest(**vars(args.network)))


class _Remove(NovaXenCommand, abc.ABC):
    """Takes a device from a server."""

    metavar: str
    what: str

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="SERVER", help="name or UUID of the server")
        parser.add_argument("device", metavar=self.metavar, help=self.what)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        try:
            warnings = self.remove(parsed_args.name, parsed_args.device)
        except KeyboardInterrupt as stop:
            stop.add_note(_note(parsed_args.name))
            raise
        for warning in warnings:
            self.app.warn(warning)
        return 0

    @abc.abstractmethod
    def remove(self, name: str, device: str) -> tuple[str, ...]:
        """Do it; gives what should be known."""


class RemoveVolume(_Remove):
    """Take a volume from a server; the volume itself is left as it is."""

    metavar = "DEVICE|PATH"
    what = "name of the disk in the guest, such as xvdb, or path of the volume"

    def remove(self, name: str, device: str) -> tuple[str, ...]:
        return self.driver.detach_volume(name, device)


class RemoveNetwork(_Remove):
    """Take a network interface from a server."""

    metavar = "MAC"
    what = "MAC address of the interface"

    def remove(self, name: str, device: str) -> tuple[str, ...]:
        return self.driver.detach_interface(name, device)


class ChangeCdrom(NovaXenCommand):
    """Put an ISO image into a server's CD drive, or empty it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="SERVER", help="name or UUID of the server")
        parser.add_argument(
            "path",
            metavar="PATH",
            nargs="?",
            help="ISO image on this host (default: none, the drive is emptied)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        try:
            self.driver.change_cdrom(parsed_args.name, parsed_args.path)
        except KeyboardInterrupt as stop:
            stop.add_note(_note(parsed_args.name))
            raise
        return 0
