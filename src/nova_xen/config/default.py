# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT], [compute]: options shared with Nova, by Nova's names and defaults."""

from oslo_config import cfg

default_opts = [
    cfg.StrOpt(
        "compute_driver",
        default="libvirt.LibvirtDriver",
        help="""
Driver that this host is run with; ``libvirt.LibvirtDriver`` with
``[libvirt] virt_type = xen`` is this package.
""",
    ),
    cfg.StrOpt(
        "state_path",
        default="/var/lib/nova",
        help="Directory that ``instances_path`` stands in by default.",
    ),
    cfg.StrOpt(
        "instances_path",
        default="$state_path/instances",
        help="""
Directory with a folder for each server: its disks, kernel and log.

It must be an absolute path without a comma, at which Xen's device model
would cut it off.
""",
    ),
    cfg.BoolOpt(
        "use_cow_images",
        default=True,
        help="""
Make root disks as qcow2 overlays of a cached base image.

Related options:

* ``[libvirt] images_type`` overrides this unless it is ``default``. An
  image in the format vhd is copied as it is.
""",
    ),
    cfg.BoolOpt(
        "force_raw_images",
        default=True,
        help="""
Keep the cached base of an image as a raw file with holes.

Without it the base of an image that is not raw is kept as qcow2, made anew
from the image; it may take less space on a file system without holes, and
reading it takes more work while guests run.
""",
    ),
    cfg.StrOpt(
        "preallocate_images",
        default="none",
        choices=[
            ("none", "disks take space as guests write"),
            ("space", "disks take all their space when they are made"),
        ],
        help="""
When disks of servers take their space.

The file system must be able to (ext4 and XFS are); bases stay sparse.
""",
    ),
    cfg.StrOpt(
        "pointer_model",
        default="usbtablet",
        choices=[
            ("usbtablet", "a USB tablet, for HVM guests with a screen"),
            ("ps2mouse", "the PS/2 mouse that every HVM guest has"),
        ],
        help="Pointer of HVM guests; image property hw_pointer_model overrides it.",
    ),
]

compute_opts = [
    cfg.StrOpt(
        "cpu_shared_set",
        help="""
Host CPUs that guests' vCPUs may run on; unset, all of them.

Possible values:

* a list such as ``2-7,^4``: CPUs 2 to 7 without 4
""",
    ),
]
