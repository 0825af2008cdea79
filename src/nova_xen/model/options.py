# SPDX-License-Identifier: Apache-2.0
"""The operator's choices that planning needs, free of oslo.config."""

import dataclasses

from nova_xen.model.guest import VhdSubformat
from nova_xen.model.plan import ConfigDriveFormat


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """Values of the configuration file, resolved.

    ``inject_partition`` by Nova's numbers: -2 injects nothing, -1 looks for the
    system, 0 is a disk without partitions, N the N-th.
    """

    instances_path: str
    vnc_enabled: bool = True
    vnc_listen: str = "127.0.0.1"
    usb_tablet: bool = True
    use_cow_images: bool = True
    images_type: str = "default"
    force_raw_images: bool = True
    preallocate: bool = False
    vhd_subformat: VhdSubformat = VhdSubformat.DYNAMIC
    pv_bootloader: str = "pvgrub"
    cpuset: str | None = None
    vif_script: str | None = None
    config_drive_format: ConfigDriveFormat = ConfigDriveFormat.ISO9660
    force_config_drive: bool = False
    inject_partition: int = -2
    inject_key: bool = False
    inject_password: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageOptions:
    """How images come to this host and how long they stay.

    ``timeout`` in seconds without a byte; ``largest`` in bytes of an image's file or
    disk and ``cache_limit`` in bytes of all files kept, None where there is no limit;
    ``minimum_age`` in seconds since the last use.
    """

    attempts: int = 5
    timeout: float = 60
    largest: int | None = None
    remove_unused: bool = True
    minimum_age: int = 24 * 3600
    cache_limit: int | None = None
