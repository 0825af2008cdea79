# SPDX-License-Identifier: Apache-2.0
"""Columns of what is shown, and the values that stand in them.

The columns are a promise to programs that read them: doc/cli.rst lists them.
"""

import dataclasses
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nova_xen.cli.cells import Mark, Pairs, Records, Words
from nova_xen.cli.terminal import one_line, shown
from nova_xen.cli.words import dotted, status

if TYPE_CHECKING:
    from nova_xen.images import InspectedImage
    from nova_xen.model import (
        CachedImage,
        CoreDump,
        DeviceChange,
        HostFacts,
        PluggedDevice,
        Reason,
        Removal,
        Scrubbed,
        Server,
        ServerSummary,
    )
    from nova_xen.model.doctor import Finding

LIST = ("ID", "Name", "Status", "Mode", "vCPUs", "RAM", "Domain ID")
LIST_LONG = (*LIST, "Image", "Flavor", "Networks", "VNC", "Created")
SERVER = (
    "id",
    "name",
    "status",
    "mode",
    "vcpus",
    "ram",
    "domain_id",
    "image",
    "flavor",
    "created",
    "boot",
    "disks",
    "networks",
    "vnc",
    "console_log",
    "properties",
)
DEVICE = ("server", "kind", "device", "source", "type", "live", "connected")
DEVICES = (
    "Kind",
    "Device",
    "Source",
    "Type",
    "Bus",
    "Address",
    "Read Only",
    "Now",
    "Next Start",
)
EXPLAIN = ("Element", "Choice", "Why", "Warning")
HOST = (
    "hostname",
    "architecture",
    "xen_version",
    "libvirt_version",
    "cpus",
    "memory_mib",
    "free_memory_mib",
    "autoballoon",
    "scheduler",
    "modes",
    "bridges",
    "boot_files",
    "console_log_dir",
    "lacks_formats",
    "uptime",
    "supported_instances",
)
#: of each of the host's supported instances
INSTANCE = ("arch", "hv_type", "vm_mode")
DUMP = ("server", "file", "size")
DOCTOR = ("Check", "State", "Finding", "Fix")
IMAGE = ("image", "format", "virtual_size", "iso")
CACHE = ("Kind", "Name", "Size", "Last Used", "Busy", "Used By", "Source", "Checksum")
SCRUB = ("Kind", "Name", "Size", "Result", "Used By", "Source")
PRUNE = ("Kind", "Name", "Size", "Why", "Source")


def summary(server: "ServerSummary") -> tuple[Any, ...]:
    """The row of :data:`LIST`."""
    return (
        server.uuid,
        shown(server.name),
        status(server.state),
        server.mode.value,
        server.vcpus,
        server.memory_mib,
        server.domid,
    )


def long_summary(server: "Server") -> tuple[Any, ...]:
    """The row of :data:`LIST_LONG`."""
    return (
        *summary(server),
        shown(server.image),
        shown(server.flavor),
        Words([shown(nic.bridge) for nic in server.nics]),
        server.vnc,
        shown(server.created),
    )


def server(server: "Server") -> tuple[Any, ...]:
    """The values of :data:`SERVER`."""
    return (
        *summary(server),
        shown(server.image),
        shown(server.flavor),
        shown(server.created),
        shown(server.boot),
        Records([dataclasses.asdict(disk) for disk in server.disks]),
        Records([dataclasses.asdict(nic) for nic in server.nics]),
        server.vnc,
        shown(server.console_log),
        Pairs(dict(server.properties)),
    )


def device(server: str, change: "DeviceChange") -> tuple[Any, ...]:
    """The values of :data:`DEVICE`."""
    return (
        shown(server),
        change.kind.value,
        shown(change.device),
        shown(change.source),
        change.type,
        change.where.live,
        change.connected,
    )


def plugged(device: "PluggedDevice") -> tuple[Any, ...]:
    """The row of :data:`DEVICES`."""
    return (
        device.kind.value,
        *map(shown, (device.device, device.source, device.type, device.bus)),
        device.address,
        device.readonly,
        device.where.live,
        device.where.config,
    )


def reason(reason: "Reason") -> tuple[Any, ...]:
    """The row of :data:`EXPLAIN`."""
    texts = (reason.element, reason.choice, reason.why)
    return (*map(shown, texts), Mark(reason.warning))


def host(facts: "HostFacts") -> Sequence[Any]:
    """The values of :data:`HOST`."""
    from nova_xen.planning.traits import supported_instances

    return (
        facts.hostname,
        facts.arch,
        dotted(facts.xen_version),
        dotted(facts.libvirt_version),
        facts.cpus,
        facts.memory_mib,
        facts.free_memory_mib,
        facts.autoballoon,
        facts.scheduler,
        Records(_modes(facts)),
        Records([dataclasses.asdict(each) for each in facts.bridges.values()]),
        Pairs(dataclasses.asdict(facts.boot_files)),
        facts.console_log_dir,
        Words(sorted(facts.unserved_formats)),
        facts.uptime,
        Records(
            [
                dict(zip(INSTANCE, each, strict=True))
                for each in supported_instances(facts)
            ]
        ),
    )


def _modes(facts: "HostFacts") -> list[dict[str, Any]]:
    return [
        {
            "mode": mode.value,
            "os_type": each.os_type,
            "machine": each.machine,
            "max_vcpus": each.max_vcpus,
        }
        for mode, each in facts.modes.items()
    ]


def dump(dump: "CoreDump") -> tuple[Any, ...]:
    """The values of :data:`DUMP`."""
    return shown(dump.server), shown(dump.path), dump.size


def finding(finding: "Finding") -> tuple[Any, ...]:
    """The row of :data:`DOCTOR`."""
    state = finding.severity.value
    return finding.check, state, one_line(finding.sentence), one_line(finding.fix)


def image(path: str, found: "InspectedImage") -> tuple[Any, ...]:
    """The values of :data:`IMAGE`."""
    return shown(path), found.format.value, found.virtual_size, found.iso


def cached(image: "CachedImage") -> tuple[Any, ...]:
    """The row of :data:`CACHE`."""
    used = datetime.datetime.fromtimestamp(image.last_used, datetime.UTC)
    return (
        *_kept(image),
        used.strftime("%Y-%m-%d %H:%M:%S"),
        image.busy,
        Words([shown(user) for user in image.users]),
        shown(image.source),
        image.checksum,
    )


def scrubbed(scrubbed: "Scrubbed") -> tuple[Any, ...]:
    """The row of :data:`SCRUB`."""
    image = scrubbed.image
    users = Words([shown(user) for user in image.users])
    return (*_kept(image), scrubbed.result.value, users, shown(image.source))


def removal(removal: "Removal") -> tuple[Any, ...]:
    """The row of :data:`PRUNE`."""
    return (*_kept(removal.image), removal.why, shown(removal.image.source))


def _kept(image: "CachedImage") -> tuple[Any, ...]:
    return image.kind.value, image.name, image.size
