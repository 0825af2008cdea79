# SPDX-License-Identifier: Apache-2.0
"""The arguments that describe a server, and the request they amount to."""

import argparse
from typing import TYPE_CHECKING

from nova_xen.cli import values
from nova_xen.cli.setup import add_setup_arguments, secret_file, to_setup

if TYPE_CHECKING:
    from nova_xen.operations.request import CreateRequest

IMAGE_FORMATS = ("raw", "qcow2", "vhd", "iso")


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``server create`` and ``explain``."""
    parser.add_argument("name", metavar="NAME", help="name of the server")
    _add_image(parser)
    _add_sizes(parser)
    _add_devices(parser)
    add_setup_arguments(parser)


def _add_image(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--image",
        metavar="FILE|URL",
        required=True,
        help="disk image to boot from: a file of this host, or a file:, http: or "
        "https: URL",
    )
    parser.add_argument(
        "--image-format",
        choices=IMAGE_FORMATS,
        help="format of the image (default: what its header says)",
    )
    parser.add_argument(
        "--image-checksum",
        metavar="ALGO:HEX",
        type=values.checksum,
        help="what the image's bytes must amount to, by sha256 or sha512",
    )
    parser.add_argument(
        "--property",
        action=values.KeyValues,
        dest="properties",
        metavar="KEY=VALUE",
        help="property of the image by Glance's name, such as vm_mode=hvm; repeatable",
    )
    parser.add_argument(
        "--kernel", metavar="FILE", help="kernel of this host to boot instead"
    )
    parser.add_argument("--ramdisk", metavar="FILE", help="initial ramdisk for it")


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    sizes = (
        ("--vcpus", "N", 1, values.whole(1), "number of vCPUs"),
        ("--ram", "MIB", None, values.whole(1, "MiB"), "memory in MiB"),
        ("--disk", "GIB", 0, values.whole(0, "GiB"), "root disk in GiB, 0: as image"),
        ("--ephemeral", "GIB", 0, values.whole(0, "GiB"), "a second, empty disk"),
        ("--swap", "MIB", 0, values.whole(0, "MiB"), "a swap disk"),
    )
    for option, metavar, default, parse, what in sizes:
        parser.add_argument(
            option,
            metavar=metavar,
            type=parse,
            default=default,
            required=default is None,
            help=what if default is None else f"{what} (default: {default})",
        )
    parser.add_argument(
        "--extra-spec",
        action=values.KeyValues,
        dest="extra_specs",
        metavar="KEY=VALUE",
        help="extra spec of the flavor by Nova's name, such as quota:cpu_shares=512; "
        "repeatable",
    )


def _add_devices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network",
        action="append",
        type=values.network,
        default=[],
        metavar="bridge=NAME[,KEY=VALUE...]",
        help="network interface on a bridge of this host; the keys are mac, model, "
        "mtu, script, and what the guest is told: ip=ADDRESS/PREFIX, gateway, dns, "
        "which may stand in it more than once; repeatable",
    )
    parser.add_argument(
        "--vnc-password-file",
        type=secret_file,
        dest="vnc_password",
        metavar="FILE",
        help="file whose first line is the password of the screen over VNC",
    )


def to_request(args: argparse.Namespace) -> "CreateRequest":
    """What the driver is asked for."""
    from nova_xen.model import Flavor
    from nova_xen.operations.request import CreateRequest, NicRequest

    flavor = Flavor(
        vcpus=args.vcpus,
        memory_mib=args.ram,
        root_gib=args.disk,
        ephemeral_gib=args.ephemeral,
        swap_mib=args.swap,
        extra_specs=args.extra_specs or {},
    )
    return CreateRequest(
        name=args.name,
        image=args.image,
        image_format=args.image_format,
        image_checksum=args.image_checksum,
        flavor=flavor,
        properties=args.properties or {},
        nics=tuple(NicRequest(**vars(nic)) for nic in args.network),
        kernel=args.kernel,
        ramdisk=args.ramdisk,
        vnc_password=args.vnc_password.text if args.vnc_password else None,
        setup=to_setup(args),
        config_drive=args.config_drive,
    )
