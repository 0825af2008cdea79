# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT] and three small groups: options shared with Nova, by Nova's names."""

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
    cfg.StrOpt(
        "config_drive_format",
        default="iso9660",
        choices=[
            ("iso9660", "a CD-ROM"),
            ("vfat", "a disk of 64 MiB, for guests that read no CD-ROM"),
        ],
        help="File system of config drives.",
    ),
    cfg.BoolOpt(
        "force_config_drive",
        default=False,
        help="""
Give every new server a config drive, whether it is asked for or not.

Related options:

* A server with a config drive has nothing injected into its disk, whatever
  ``[libvirt] inject_partition`` says.
""",
    ),
    cfg.StrOpt(
        "injected_network_template",
        default="",
        help="""
Template (Jinja2) of the network file that is injected into a guest's disk.

Possible values:

* a path; the template makes /etc/network/interfaces and is given what Nova's
  is given: ``interfaces``, ``use_ipv6`` and ``libvirt_virt_type``
* empty: the files that the guest's own system reads are written
""",
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

api_opts = [
    cfg.StrOpt(
        "vendordata_jsonfile_path",
        default="",
        help="""
File with a JSON object that every config drive has as vendor data.

A server's own vendor data takes its place.
""",
    ),
]

guestfs_opts = [
    cfg.BoolOpt(
        "debug",
        default=False,
        help="""
Log what libguestfs tells about its work while it injects files.

What is injected may be in it, so the log is then as secret as that.
""",
    ),
]
