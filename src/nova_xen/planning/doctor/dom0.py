# SPDX-License-Identifier: Apache-2.0
"""Domain-0's share of memory and processors, and who may change it."""

import re
from collections.abc import Iterator

from nova_xen.model.doctor import Dom0Facts, Finding
from nova_xen.planning.doctor.words import ADD_TO_XEN, advice, counted, ok, problem

#: MiB; libvirtd, xenstored and a QEMU for each HVM guest live in it
LEAST_MIB = 1024
#: of the host's memory; a Domain-0 that has more leaves guests next to none
MOST = 0.8
#: CPUs of the host from which on Domain-0 needs no vCPU for each
MANY = 9
_DOM0_MEM = re.compile(r"(?:^|\s)dom0_mem=(\S+)")
_MAX = re.compile(r"(?:^|,)max:")
_SIZE = "dom0_mem=2048M,max:2048M"


def memory(facts: Dom0Facts) -> Iterator[Finding]:
    """A fixed Domain-0 neither starves nor takes what guests need."""
    if facts.commandline is None:
        yield advice(
            "dom0-memory",
            "Whether Domain-0's memory is fixed is not known, since Xen's command line "
            "is not.",
            "See to the check xl first.",
        )
    elif not facts.fixed:
        yield _not_fixed(facts)
    elif not any(map(_MAX.search, _DOM0_MEM.findall(facts.commandline))):
        given = ", ".join(_DOM0_MEM.findall(facts.commandline))
        yield advice(
            "dom0-memory",
            f"Xen was booted with dom0_mem={given} and no max, so Domain-0 keeps room "
            "to grow to all memory of the host.",
            f"Put the same size behind max:, as in {_SIZE}, {ADD_TO_XEN}.",
        )
    elif facts.memory_mib is not None and facts.memory_mib < LEAST_MIB:
        yield advice(
            "dom0-memory",
            f"Domain-0 has {facts.memory_mib} MiB of memory; {LEAST_MIB} MiB or more "
            "is advised, since QEMU and libvirt run in it.",
            f"Raise dom0_mem, as in {_SIZE}, {ADD_TO_XEN}.",
        )
    else:
        yield ok("dom0-memory", f"Domain-0 has {_mib(facts.memory_mib)}, fixed.")


def _not_fixed(facts: Dom0Facts) -> Finding:
    fix = f"Put a size for Domain-0, as in {_SIZE}, {ADD_TO_XEN}."
    has = f"Domain-0 has {_mib(facts.memory_mib)}"
    if facts.host_mib is not None:
        has += f" of the host's {facts.host_mib} MiB"
    if _takes_most(facts) and not balloons(facts):
        return problem(
            "dom0-memory",
            f"Xen was booted without a fixed dom0_mem, {has} and autoballoon is off, "
            "so guests find no memory.",
            fix,
        )
    return advice(
        "dom0-memory",
        f"Xen was booted without a fixed dom0_mem; {has}, which changes with the "
        "guests that are started.",
        fix,
    )


def _takes_most(facts: Dom0Facts) -> bool:
    if facts.memory_mib is None or facts.host_mib is None:
        return False
    return facts.memory_mib > MOST * facts.host_mib


def _mib(number: int | None) -> str:
    return "an unknown memory" if number is None else f"{number} MiB"


def balloons(facts: Dom0Facts) -> bool:
    """Whether libvirt takes memory from Domain-0, by libxlGetAutoballoonConf."""
    if facts.in_libvirt is not None:
        return facts.in_libvirt
    return facts.commandline is not None and not facts.fixed


def xl_balloons(facts: Dom0Facts) -> bool:
    """Whether xl does: xl.conf(5), "auto" unless it says otherwise."""
    match facts.in_xl:
        case "on" | "1":
            return True
        case "off" | "0":
            return False
        case _:
            return facts.commandline is not None and not facts.fixed


def autoballoon(facts: Dom0Facts) -> Iterator[Finding]:
    """Who balloons Domain-0 for a guest may leave it without the memory it runs in."""
    takers = (
        ("libvirt", facts.libxl_conf, balloons(facts), "autoballoon = 0"),
        ("xl", facts.xl_conf, xl_balloons(facts), 'autoballoon="off"'),
    )
    for path in facts.unreadable:
        yield advice(
            "autoballoon",
            f"{path} cannot be read, so what it says of autoballoon is not known.",
            "Run this as root.",
        )
    for who, path, takes, setting in takers:
        if takes:
            yield advice(
                "autoballoon",
                f"{who} may take memory from Domain-0 for a guest (autoballoon).",
                f"Fix Domain-0's memory by dom0_mem, and say {setting} in {path}.",
            )
    known = facts.commandline is not None or facts.in_libvirt is not None
    if known and not facts.unreadable and not any(takes for _, _, takes, _ in takers):
        yield ok("autoballoon", "Neither libvirt nor xl takes memory from Domain-0.")


def cpus(facts: Dom0Facts) -> Iterator[Finding]:
    """On a host with many CPUs a vCPU of Domain-0 on each is in the guests' way."""
    if facts.cpus is None or facts.host_cpus is None:
        return
    if facts.host_cpus >= MANY and facts.cpus >= facts.host_cpus:
        yield advice(
            "dom0-cpus",
            f"Domain-0 has {facts.cpus} vCPUs, as many as the host has CPUs, and "
            "competes with guests for each.",
            f"Put a number of vCPUs for Domain-0, as in dom0_max_vcpus=4, "
            f"{ADD_TO_XEN}.",
        )
        return
    yield ok(
        "dom0-cpus",
        f"Domain-0 has {counted(facts.cpus, 'vCPU', 'vCPUs')}, the host "
        f"{counted(facts.host_cpus, 'CPU', 'CPUs')}.",
    )
