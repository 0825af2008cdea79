# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT]: what is kept for the host, and overcommitted; by Nova's names."""

from oslo_config import cfg

default_opts = [
    cfg.IntOpt(
        "reserved_host_memory_mb",
        default=512,
        min=0,
        help="""
Memory in MiB that servers are not given.

What Domain-0, Xen itself and guests of others have is reserved in any case,
so the option matters where it is larger than that.
""",
    ),
    cfg.IntOpt(
        "reserved_host_cpus",
        default=0,
        min=0,
        help="""
How many CPUs of the host are not counted for servers.

Related options:

* ``[compute] cpu_shared_set`` says which CPUs guests run on; only one of the
  two can be set.
""",
    ),
    cfg.IntOpt(
        "reserved_host_disk_mb",
        default=0,
        min=0,
        help="Space in MiB below ``instances_path`` that servers are not given.",
    ),
    cfg.FloatOpt(
        "cpu_allocation_ratio",
        min=0.0,
        help="""
How many vCPUs servers may have for each CPU of the host.

Related options:

* Unset or 0, ``initial_cpu_allocation_ratio`` holds.
""",
    ),
    cfg.FloatOpt(
        "ram_allocation_ratio",
        min=0.0,
        help="""
How many MiB servers may have for each MiB of the host.

Xen gives guests real memory: with more than 1 a server can be sent to a host
that has none for it, and is refused there.

Related options:

* Unset or 0, ``initial_ram_allocation_ratio`` holds.
""",
    ),
    cfg.FloatOpt(
        "disk_allocation_ratio",
        min=0.0,
        help="""
How many GiB of disks servers may have for each GiB of the host.

Disks with holes and overlays take less than their size until guests write.

Related options:

* Unset or 0, ``initial_disk_allocation_ratio`` holds.
""",
    ),
    cfg.FloatOpt(
        "initial_cpu_allocation_ratio",
        default=4.0,
        min=0.0,
        help="The ratio of vCPUs as long as ``cpu_allocation_ratio`` says none.",
    ),
    cfg.FloatOpt(
        "initial_ram_allocation_ratio",
        default=1.0,
        min=0.0,
        help="The ratio of memory as long as ``ram_allocation_ratio`` says none.",
    ),
    cfg.FloatOpt(
        "initial_disk_allocation_ratio",
        default=1.0,
        min=0.0,
        help="The ratio of disk as long as ``disk_allocation_ratio`` says none.",
    ),
]
