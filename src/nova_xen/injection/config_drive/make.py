# SPDX-License-Identifier: Apache-2.0
"""Make the file of a config drive: whole, or not at all."""

import os

from nova_xen.images.files.part import part_of
from nova_xen.injection.config_drive.iso9660 import write_iso9660
from nova_xen.injection.config_drive.tree import drive_files
from nova_xen.injection.config_drive.vfat import write_vfat
from nova_xen.model import ConfigDriveFormat, ConfigDrivePlan, GuestMode, Instance

#: bytes of the seed in meta_data.json, as many as Nova gives
SEED = 512


def make_config_drive(
    plan: ConfigDrivePlan,
    instance: Instance,
    mode: GuestMode,
    *,
    server: str,
    network_file: bytes | None = None,
) -> None:
    """Make the config drive that was planned; only root may read it.

    :param mode: the same content serves every mode
    :param network_file: /etc/network/interfaces, for guests that do not read
        network_data.json
    :raises NotEnoughDisk: nothing is left behind
    :raises ToolFailed: among others when the file exists; nothing is left behind
    """
    files = drive_files(instance, plan.devices, os.urandom(SEED), network_file)
    with part_of(plan.path, server=server) as part:
        match plan.format:
            case ConfigDriveFormat.ISO9660:
                write_iso9660(part, files)
            case ConfigDriveFormat.VFAT:
                write_vfat(part, files, server=server)
