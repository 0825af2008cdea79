# SPDX-License-Identifier: Apache-2.0
"""[xen]: options of this package alone."""

from oslo_config import cfg

GROUP = "xen"

xen_opts = [
    cfg.StrOpt(
        "pv_bootloader",
        default="pvgrub",
        choices=[
            ("pvgrub", "GRUB runs inside the guest; nothing is parsed in dom0"),
            ("pygrub", "a program in dom0 parses the guest's disk as root"),
        ],
        help="""
How a PV guest without a kernel boots.

The program pygrub has been the way into the host more than once
(CVE-2007-4993, XSA-198, XSA-443); choose it only for images that you trust.
""",
    ),
    cfg.StrOpt(
        "vif_script",
        help="""
Hotplug script for network interfaces.

Possible values:

* a name below ``/etc/xen/scripts``, or a path
* unset: ``vif-bridge``, or ``vif-openvswitch`` on a bridge of Open vSwitch
""",
    ),
    cfg.IntOpt(
        "shutdown_timeout",
        default=60,
        min=0,
        help="Seconds a guest has to shut down by itself before it is switched off.",
    ),
    cfg.IntOpt(
        "create_timeout",
        default=300,
        min=1,
        help="Seconds that libxl has to create a guest.",
    ),
    cfg.IntOpt(
        "query_timeout",
        default=30,
        min=1,
        help="Seconds that libvirt has to answer a question.",
    ),
    cfg.IntOpt(
        "save_timeout",
        default=1800,
        min=1,
        help="""
Seconds that libxl has to write a guest's memory to disk or to read it.

That is how long a server may take to be suspended, resumed or dumped. With a
disk that writes 100 MB a second, 64 GiB take eleven minutes.
""",
    ),
    cfg.StrOpt(
        "saved_memory_path",
        default="/var/lib/libvirt/libxl/save",
        help="""
Directory in which libvirt keeps the memory of suspended servers.

It must be the one that libvirt was built with: this option does not move it.
""",
    ),
    cfg.IntOpt(
        "guestfs_memory",
        default=512,
        min=256,
        help="""
Memory in MiB of the machine that libguestfs starts to inject files.

It is taken from the host's own domain while a server is made.
""",
    ),
    cfg.IntOpt(
        "guestfs_timeout",
        default=300,
        min=1,
        help="""
Seconds that libguestfs may take for one step before it is stopped.

Starting its machine is the longest one, above all where nothing speeds up
its emulation.
""",
    ),
    cfg.StrOpt(
        "guestfs_cache_dir",
        default="",
        help="""
Directory where libguestfs keeps its machine, some 370 MB.

Possible values:

* a path
* empty: /var/cache/nova-xen/appliance for root, ~/.cache/nova-xen/appliance
""",
    ),
    cfg.StrOpt(
        "vhd_subformat",
        default="dynamic",
        choices=[
            ("dynamic", "the file grows as the guest writes"),
            ("fixed", "the file is as large as the disk, with holes in it"),
        ],
        help="Kind of VHD that disks are made as, where they are made as VHD.",
    ),
    cfg.IntOpt(
        "image_attempts",
        default=5,
        min=1,
        help="How often a download may fail in a row without getting a byte further.",
    ),
    cfg.IntOpt(
        "image_timeout",
        default=60,
        min=1,
        help="Seconds that a server of images may keep silent.",
    ),
    cfg.IntOpt(
        "image_limit_gib",
        default=0,
        min=0,
        help="""
The largest image that is taken, in GiB: both its file and the disk inside.

With 0 there is no limit but the flavor's disk.
""",
    ),
    cfg.IntOpt(
        "image_cache_limit_gib",
        default=0,
        min=0,
        help="""
How much space the cache of images may take, in GiB; 0 for no limit.

The command ``nova-xen image cache prune`` removes unused images until the
limit is kept, those unused for longest first.
""",
    ),
    cfg.StrOpt(
        "ovmf_path",
        default="",
        help="""
Path of OVMF, the UEFI firmware; empty means that it is looked for.

Xen itself takes the file it was built with (on Debian
/usr/share/ovmf/OVMF.fd); the path here tells whether it is there.
""",
    ),
    cfg.StrOpt(
        "device_model_path",
        default="",
        help="""
Path of the QEMU that serves disks; empty means that it is looked for.

It is asked whether it knows the format of an image, nothing more.
""",
    ),
    cfg.StrOpt(
        "pvgrub_path",
        default="",
        help="Path of GRUB for PV guests; empty means that it is looked for.",
    ),
    cfg.StrOpt(
        "pvhgrub_path",
        default="",
        help="Path of GRUB for PVH guests; empty means that it is looked for.",
    ),
    cfg.StrOpt(
        "pygrub_path",
        default="",
        help="Path of pygrub; empty means that it is looked for.",
    ),
]
