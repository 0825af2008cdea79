# SPDX-License-Identifier: Apache-2.0
"""Xen by its own tool, libvirt by a few questions, and Domain-0."""

import contextlib
import os
import re
from collections.abc import Mapping

from nova_xen import exceptions
from nova_xen.examination.places import Places
from nova_xen.hypervisor import Connection, gather_host_facts
from nova_xen.hypervisor.autoballoon import configured, has_fixed_dom0
from nova_xen.hypervisor.xl import XlToolstack
from nova_xen.model import HostFacts
from nova_xen.model.doctor import Dom0Facts, LibvirtFacts, Reach, XenFacts

XL_CONF = "/etc/xen/xl.conf"
LIBXL_CONF = "/etc/libvirt/libxl.conf"
#: seconds; ``xl info`` took 0.3 s on an emulated host
TIMEOUT = 20

_REACHES = (
    (exceptions.NoXen, Reach.NO_XEN),
    (exceptions.NotPermitted, Reach.NOT_PERMITTED),
    (exceptions.HypervisorUnavailable, Reach.UNAVAILABLE),
)
_MEMORY = re.compile(r"^MemTotal:\s+(\d+) kB$", re.MULTILINE)
_XL_SETTING = re.compile(
    r"^\s*autoballoon\s*=\s*[\"']?(\w+)[\"']?\s*(?:#.*)?$", re.MULTILINE
)


def libvirt_facts(connection: Connection, places: Places) -> LibvirtFacts:
    """What libvirt tells of the host, or why it does not."""
    uid = os.geteuid()
    try:
        host = gather_host_facts(
            connection,
            programs=False,
            proc=places.at("/proc"),
            libxl_conf=places.at(LIBXL_CONF),
            # which has a check of its own, and may hang
            xl="",
        )
    except exceptions.HypervisorError as error:
        reach = next((how for kind, how in _REACHES if isinstance(error, kind)), None)
        return LibvirtFacts(
            uri=connection.uri, uid=uid, reach=reach or Reach.FAILED, why=_why(error)
        )
    return LibvirtFacts(uri=connection.uri, uid=uid, host=host)


def _why(error: exceptions.NovaXenError) -> str:
    if isinstance(error, exceptions.DeadlineExceeded):
        seconds = error.context["seconds"]
        return f"it gave no answer within {seconds:g} s while {error.context['doing']}"
    return str(error.context.get("why", error.sentence.rstrip(".")))


def xen_facts(host: HostFacts | None, places: Places) -> XenFacts:
    """What xl tells, beside what libvirt has told."""
    version = None if host is None else host.xen_version
    try:
        info = XlToolstack(places.xl, timeout=TIMEOUT).info()
    except exceptions.ToolstackFailed as error:
        why = str(error.context["why"])
        return XenFacts(why=why, libvirt_tells=version)
    return XenFacts(info=info, libvirt_tells=version)


def dom0_facts(xen: XenFacts, host: HostFacts | None, places: Places) -> Dom0Facts:
    """Domain-0 as its own kernel, Xen and two files have it."""
    info = xen.info or {}
    commandline = info.get("xen_commandline")
    xl_conf, libxl_conf = places.at(XL_CONF), places.at(LIBXL_CONF)
    texts, unreadable = {}, []
    for path in (xl_conf, libxl_conf):
        try:
            texts[path] = path.read_text(errors="replace")
        except FileNotFoundError:
            continue
        except OSError:
            unreadable.append(str(path))
    in_xl = _XL_SETTING.findall(texts.get(xl_conf, ""))
    return Dom0Facts(
        xl_conf=str(xl_conf),
        libxl_conf=str(libxl_conf),
        commandline=commandline,
        fixed=commandline is not None and has_fixed_dom0(commandline),
        memory_mib=_memory_mib(places),
        host_mib=_number(info, "total_memory") or (host.memory_mib if host else None),
        cpus=os.cpu_count(),
        host_cpus=_number(info, "nr_cpus") or (host.cpus if host else None),
        in_xl=in_xl[-1] if in_xl else None,
        in_libvirt=configured(texts.get(libxl_conf, "")),
        unreadable=tuple(unreadable),
    )


def _number(info: Mapping[str, str], name: str) -> int | None:
    told = info.get(name, "")
    return int(told) if told.isascii() and told.isdecimal() else None


def _memory_mib(places: Places) -> int | None:
    """The kernel's own share of it is left out, some percent."""
    with contextlib.suppress(OSError):
        found = _MEMORY.search(places.at("/proc/meminfo").read_text(errors="replace"))
        return int(found[1]) // 1024 if found else None
    return None
