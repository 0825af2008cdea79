# SPDX-License-Identifier: Apache-2.0
"""libvirt: whether it answers, has Xen, and is new enough; and who asks."""

import urllib.parse
from collections.abc import Iterator

from nova_xen.model import HostFacts
from nova_xen.model.doctor import Finding, LibvirtFacts, Reach
from nova_xen.planning.doctor.words import advice, dotted, ok, problem

OLDEST = 1_002_015
ADVISED = 1_003_002


def user(facts: LibvirtFacts) -> Iterator[Finding]:
    """libvirt may be open to a group; xl, disks and migrations are root's."""
    if facts.uid == 0:
        yield ok("user", "This is run as root.")
        return
    yield advice(
        "user",
        f"This is run by the user {facts.uid}, who may see less than root does, and "
        "may make and migrate no servers.",
        "Run it as root.",
    )


def reached(facts: LibvirtFacts) -> Iterator[Finding]:
    """The reasons of exceptions.NoXen and its kin, as findings."""
    at = f"libvirt at {facts.uri}"
    match facts.reach:
        case Reach.ANSWERED:
            if facts.host is not None:
                yield _version(at, facts.host)
            if urllib.parse.urlsplit(facts.uri).netloc:
                yield advice(
                    "libvirt",
                    f"{at} is asked over the network, and all other checks look at "
                    "this host.",
                    "Run this on the host that is to be checked.",
                )
        case Reach.NO_XEN:
            yield problem(
                "libvirt",
                f"{at} has no working Xen driver: {facts.why}.",
                "Boot this host under Xen (apt install xen-system-amd64) and install "
                "libvirt-daemon-driver-xen.",
            )
        case Reach.NOT_PERMITTED:
            yield problem(
                "libvirt",
                f"{at} refuses this user: {facts.why}.",
                "Run this as root or join the group libvirt.",
            )
        case Reach.UNAVAILABLE:
            yield problem(
                "libvirt",
                f"{at} cannot be reached: {facts.why}.",
                "See that libvirtd runs (systemctl status libvirtd), and that the "
                "option [libvirt] connection_uri names it.",
            )
        case Reach.FAILED:
            yield problem(
                "libvirt",
                f"{at} does not tell what this host is: {facts.why}.",
                "Read its log (journalctl -u libvirtd) and restart it (systemctl "
                "restart libvirtd); guests go on meanwhile.",
            )


def _version(at: str, host: HostFacts) -> Finding:
    number = host.libvirt_version
    if number < OLDEST:
        return problem(
            "libvirt",
            f"{at} is {dotted(number)}, older than {dotted(OLDEST)}.",
            f"Install libvirt {dotted(ADVISED)} or newer.",
        )
    if number < ADVISED:
        return advice(
            "libvirt",
            f"{at} is {dotted(number)}; for migrations {dotted(ADVISED)} or newer is "
            "advised.",
            f"Install libvirt {dotted(ADVISED)} or newer.",
        )
    return ok("libvirt", f"{at} is {dotted(number)}.")
