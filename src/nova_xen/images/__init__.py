# SPDX-License-Identifier: Apache-2.0
"""Disk images: checked, cached, copied and converted; files of servers on this host."""

from nova_xen.images.cache.bases import base_path, ensure_base
from nova_xen.images.cache.scrub import scrub_cache
from nova_xen.images.cache.upkeep import list_cache, prune_cache
from nova_xen.images.disks.create import make_disk
from nova_xen.images.files.copy import copy_files
from nova_xen.images.files.folder import (
    BuildingFolder,
    create_folder,
    folder_of,
    list_unfinished,
    mark_unfinished,
    remove_folder,
    sweep_leftovers,
)
from nova_xen.images.files.hold import hold_server
from nova_xen.images.files.host import devices_lock
from nova_xen.images.files.space import disk_space, folder_usage
from nova_xen.images.inspection.check import disk_files, require_files
from nova_xen.images.inspection.head import Head
from nova_xen.images.inspection.header import SECTOR
from nova_xen.images.inspection.inspect import (
    ForeseenImage,
    InspectedImage,
    inspect_head,
    inspect_image,
)
from nova_xen.images.inspection.volume import (
    identity_of,
    inspect_medium,
    inspect_volume,
    locate_volume,
)
from nova_xen.images.progress import Progress, no_progress
from nova_xen.images.sources.find import find_source
from nova_xen.images.sources.local import LocalSource
from nova_xen.images.sources.source import ImageSource, Order

__all__ = [
    "SECTOR",
    "BuildingFolder",
    "ForeseenImage",
    "Head",
    "ImageSource",
    "InspectedImage",
    "LocalSource",
    "Order",
    "Progress",
    "base_path",
    "copy_files",
    "create_folder",
    "devices_lock",
    "disk_files",
    "disk_space",
    "ensure_base",
    "find_source",
    "folder_of",
    "folder_usage",
    "hold_server",
    "identity_of",
    "inspect_head",
    "inspect_image",
    "inspect_medium",
    "inspect_volume",
    "list_cache",
    "list_unfinished",
    "locate_volume",
    "make_disk",
    "mark_unfinished",
    "no_progress",
    "prune_cache",
    "remove_folder",
    "require_files",
    "scrub_cache",
    "sweep_leftovers",
]
