# SPDX-License-Identifier: Apache-2.0
"""This host lacks what the request needs."""

from nova_xen.exceptions.base import NovaXenError


class HostCannot(NovaXenError):
    msg_fmt = "Server %(server)s: this host cannot do it: %(why)s."


class ModeNotOffered(HostCannot):
    msg_fmt = (
        "Server %(server)s asks for the guest type %(mode)s and this host offers "
        "%(offered)s only; %(advice)s."
    )


class BootFileMissing(HostCannot):
    msg_fmt = (
        "Server %(server)s needs %(what)s and this host does not have it (looked at "
        "%(paths)s); install %(package)s or %(advice)s."
    )


class FormatNotServed(HostCannot):
    msg_fmt = (
        "Server %(server)s: its disk %(disk)s is %(format)s, and this host's QEMU "
        "(%(program)s) was built without it, so the guest would wait for the disk for "
        "ever; convert the disk to raw or qcow2 or install a QEMU that has it."
    )


class BridgeNotFound(HostCannot):
    msg_fmt = (
        "Server %(server)s: there is no bridge %(bridge)s on this host (its bridges: "
        "%(bridges)s); make it first or name another one."
    )


class NotEnoughMemory(HostCannot):
    msg_fmt = (
        "Server %(server)s needs %(need_mib)d MiB of memory and Xen has %(free_mib)d "
        "MiB free; choose a smaller flavor or stop another guest."
    )


class TooManyVcpus(HostCannot):
    msg_fmt = (
        "Server %(server)s asks for %(vcpus)d vCPUs and a %(mode)s guest can have "
        "%(limit)d on this host; ask for fewer."
    )


class NotEnoughDisk(HostCannot):
    msg_fmt = (
        "Server %(server)s: %(folder)s has too little space (%(why)s); nothing was "
        "kept; free some space or set instances_path to a larger disk."
    )


class SpaceUnknown(NovaXenError):
    msg_fmt = (
        "The space of %(folder)s cannot be told: %(why)s; see that the folder can be "
        "reached, or set instances_path to another one."
    )


class NotEnoughRoom(HostCannot):
    msg_fmt = (
        "Server %(server)s cannot be %(action)s: its memory takes %(need_mib)d MiB and "
        "%(folder)s has %(free_mib)d MiB free; free some space there. It is as it was."
    )
