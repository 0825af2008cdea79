# SPDX-License-Identifier: Apache-2.0
"""Disk formats that the QEMU behind guests' disks was built without.

libxl notices nothing: QEMU says ``Unknown driver 'vpc'`` in its own log, and the guest
waits for its disk for ever (seen with Debian 13's qemu-system-xen 10.0 on Xen 4.20).
"""

import logging
import subprocess
from collections.abc import Iterable

from nova_xen import exceptions
from nova_xen.domain import Domain
from nova_xen.hypervisor.bootfiles import find_newest
from nova_xen.model import DiskFormat

LOG = logging.getLogger(__name__)

#: Debian's name for it first, then Xen's own
PATHS = (
    "/usr/libexec/xen-qemu-system-i386",
    "/usr/lib/xen/bin/qemu-system-i386",
    "/usr/lib/xen-*/bin/qemu-system-i386",
    "/usr/libexec/xen/bin/qemu-system-i386",
)
#: seconds; the program ends at once, on an emulated processor in half a second
_TIMEOUT = 60
_UNKNOWN = "Unknown driver"


def unserved_formats(
    formats: Iterable[DiskFormat], paths: tuple[str, ...] = PATHS
) -> frozenset[DiskFormat]:
    """Those of ``formats`` that it lacks; none where it is not found or not asked."""
    asked = tuple(formats)
    program = find_newest(paths) if asked else None
    if program is None:
        return frozenset()
    return frozenset(fmt for fmt in asked if _lacks(program, fmt))


def _lacks(program: str, fmt: DiskFormat) -> bool:
    try:
        return lacks(program, fmt)
    except (OSError, subprocess.SubprocessError) as error:
        LOG.warning("Whether %s serves %s is not known: %s", program, fmt, error)
        return False


def lacks(program: str, fmt: DiskFormat) -> bool:
    """Have it open nothing as this format: it fails, and says whether it knows it.

    :raises OSError: it cannot be run
    :raises subprocess.SubprocessError: it gives no answer
    """
    node = f"driver={fmt.qemu_img},node-name=probe,file.driver=null-co"
    done = subprocess.run(
        [program, "-machine", "none", "-nodefaults", "-blockdev", node],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        errors="replace",
        timeout=_TIMEOUT,
    )
    return _UNKNOWN in done.stderr


def require_served(domain: Domain, server: str, paths: tuple[str, ...] = PATHS) -> None:
    """Refuse to start a guest whose disks this host's QEMU cannot open.

    raw and qcow2 are in every build, so nothing is asked about them.

    :raises FormatNotServed: naming the disk
    """
    for disk in domain.devices.disks:
        if disk.driver_type != DiskFormat.VHD:
            continue
        if unserved_formats([DiskFormat.VHD], paths):
            raise exceptions.FormatNotServed(
                server=server,
                disk=disk.target_dev,
                format=disk.driver_type,
                program=find_newest(paths),
            )
