# SPDX-License-Identifier: Apache-2.0
"""[libvirt]: options shared with Nova, by Nova's names."""

from oslo_config import cfg

GROUP = "libvirt"

libvirt_opts = [
    cfg.StrOpt(
        "virt_type",
        default="xen",
        help="Domain type; this package serves ``xen`` alone.",
    ),
    cfg.StrOpt(
        "connection_uri",
        default="",
        help="URI of libvirt; empty means ``xen:///system``.",
    ),
    cfg.StrOpt(
        "images_type",
        default="default",
        choices=[
            ("default", "qcow2 overlays if use_cow_images, else the image's format"),
            ("raw", "always a raw file"),
            ("flat", "the same as raw"),
            ("qcow2", "always a qcow2 overlay of a cached base"),
        ],
        help="Format of root disks on this host.",
    ),
    cfg.IntOpt(
        "wait_soft_reboot_seconds",
        default=120,
        min=0,
        help="Seconds a guest has to reboot by itself before it is reset.",
    ),
    cfg.IntOpt(
        "inject_partition",
        default=-2,
        min=-2,
        help="""
Where on the root disk files, keys and the like are injected.

Possible values:

* ``-2``: nothing is injected; give servers a config drive instead
* ``-1``: libguestfs looks for the system, which takes several seconds more
* ``0``: the disk has no partitions
* ``N``: the N-th partition

Related options:

* A server that is given a kernel has the root that its command line names,
  or the whole disk; this option then only turns injection on.
* Nothing is injected into a server with a config drive.
""",
    ),
    cfg.BoolOpt(
        "inject_key",
        default=False,
        help="Let SSH keys be injected; see ``inject_partition``.",
    ),
    cfg.BoolOpt(
        "inject_password",
        default=False,
        help="Let root's password be injected; see ``inject_partition``.",
    ),
    cfg.StrOpt(
        "xen_hvmloader_path",
        default="",
        help="Path of hvmloader; empty means that it is looked for.",
    ),
]
