# SPDX-License-Identifier: Apache-2.0
"""Boot programs, and the QEMU behind guests' disks."""

import dataclasses
import subprocess

from nova_xen.hypervisor import BootPaths, find_boot_files
from nova_xen.hypervisor.bootfiles import find_newest
from nova_xen.hypervisor.device_model import PATHS, lacks
from nova_xen.model import DiskFormat, GuestMode
from nova_xen.model.doctor import BootFileFacts, DeviceModelFacts


def boot_file_facts(
    paths: BootPaths, modes: frozenset[GuestMode] | None, pv_bootloader: str
) -> BootFileFacts:
    """What is there of boot programs.

    :param modes: the types of guest offered here, None where that is not known
    """
    usual = dataclasses.asdict(BootPaths())
    looked = dataclasses.asdict(paths)
    return BootFileFacts(
        files=find_boot_files(paths),
        looked=looked,
        named=frozenset(name for name in looked if looked[name] != usual[name]),
        modes=modes,
        pv_bootloader=pv_bootloader,
    )


def device_model_facts(paths: tuple[str, ...]) -> DeviceModelFacts:
    """Which QEMU there is, and what it answers about each format of disks."""
    program = find_newest(paths)
    lacking, unknown = [], {}
    for fmt in DiskFormat if program else ():
        try:
            if program and lacks(program, fmt):
                lacking.append(fmt)
        except subprocess.TimeoutExpired as error:
            unknown[fmt] = f"it gave no answer within {error.timeout:g} s"
        except (OSError, subprocess.SubprocessError) as error:
            unknown[fmt] = str(error)
    return DeviceModelFacts(
        looked=paths,
        program=program,
        lacking=tuple(lacking),
        unknown=unknown,
        option=paths != PATHS,
    )
