# SPDX-License-Identifier: Apache-2.0
"""Xen itself, and its own tools."""

import re
from collections.abc import Iterator

from nova_xen.model.doctor import Finding, XenFacts
from nova_xen.planning.doctor.words import ok, problem

#: the oldest that libvirt's libxl driver migrates guests with
OLDEST = (4, 5, 1)
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?", re.ASCII)
_BOOT = "Boot this host under Xen (apt install xen-system-amd64)"


def tools(facts: XenFacts) -> Iterator[Finding]:
    """Migrations, limits of guests and these checks ask Xen by xl."""
    if facts.info is None:
        yield problem(
            "xl",
            f"Xen cannot be asked by xl: {facts.why}.",
            f"{_BOOT}, and run this as root.",
        )
    elif not facts.info.get("xen_version"):
        yield problem(
            "xl",
            "'xl info' names no version of Xen, so that nothing it tells is known.",
            f"{_BOOT}, and see what 'xl info' prints.",
        )
    else:
        yield ok("xl", "Xen answers xl.")


def version(facts: XenFacts) -> Iterator[Finding]:
    """As xl tells it; libvirt's word leaves out the patch level, so it is let be."""
    told = (facts.info or {}).get("xen_version", "")
    found = _VERSION.match(told)
    if found:
        number = tuple(int(each or 0) for each in found.groups())
        yield _judged(told, too_old=number < OLDEST)
    elif facts.libvirt_tells is not None:
        major, minor = facts.libvirt_tells // 1_000_000, facts.libvirt_tells // 1000
        pair = (major, minor % 1000)
        yield _judged(f"{pair[0]}.{pair[1]}", too_old=pair < OLDEST[:2])
    else:
        yield problem(
            "xen",
            "Neither xl nor libvirt tells of Xen, so this host seems not to run it.",
            f"{_BOOT}.",
        )


def _judged(told: str, *, too_old: bool) -> Finding:
    if too_old:
        return problem(
            "xen",
            f"Xen is {told}, older than 4.5.1.",
            "Install Xen 4.5.1 or newer (apt install xen-system-amd64) and boot it.",
        )
    return ok("xen", f"Xen is {told}.")
