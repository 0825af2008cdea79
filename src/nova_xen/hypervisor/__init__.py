# SPDX-License-Identifier: Apache-2.0
"""libvirt and the Xen host: the only package of the product that imports libvirt."""

from nova_xen.hypervisor.bootfiles import BootPaths, find_boot_files
from nova_xen.hypervisor.connection import DEFAULT_URI, Connection
from nova_xen.hypervisor.console import (
    console_log_path,
    console_log_paths,
    discard_xen_console_log,
    follow,
    prepare_serial_logs,
    read_tail,
)
from nova_xen.hypervisor.deadlines import Deadlines, Kind
from nova_xen.hypervisor.definitions import sync_definitions
from nova_xen.hypervisor.device_model import require_served, unserved_formats
from nova_xen.hypervisor.errors import ErrorCode, code_of
from nova_xen.hypervisor.event_loop import EventLoop
from nova_xen.hypervisor.events import EventOptions, LifecycleEvents
from nova_xen.hypervisor.events_filter import Timing
from nova_xen.hypervisor.guest import Guest, Scheduler
from nova_xen.hypervisor.host import gather_host_facts
from nova_xen.hypervisor.inventory import Inventory, Listed, take_inventory
from nova_xen.hypervisor.lifecycle import LifecycleEvent, LifecycleKind
from nova_xen.hypervisor.logs import LogMark
from nova_xen.hypervisor.lookup import define_guest, find_guest, keep_definition
from nova_xen.hypervisor.migrate import ArrivalWatch, migrate_guest, require_xen
from nova_xen.hypervisor.power import OFF_STATES
from nova_xen.hypervisor.xenconsoled import console_log_dir

__all__ = [
    "DEFAULT_URI",
    "OFF_STATES",
    "ArrivalWatch",
    "BootPaths",
    "Connection",
    "Deadlines",
    "ErrorCode",
    "EventLoop",
    "EventOptions",
    "Guest",
    "Inventory",
    "Kind",
    "LifecycleEvent",
    "LifecycleEvents",
    "LifecycleKind",
    "Listed",
    "LogMark",
    "Scheduler",
    "Timing",
    "code_of",
    "console_log_dir",
    "console_log_path",
    "console_log_paths",
    "define_guest",
    "discard_xen_console_log",
    "find_boot_files",
    "find_guest",
    "follow",
    "gather_host_facts",
    "keep_definition",
    "migrate_guest",
    "prepare_serial_logs",
    "read_tail",
    "require_served",
    "require_xen",
    "sync_definitions",
    "take_inventory",
    "unserved_formats",
]
