# SPDX-License-Identifier: Apache-2.0
"""Every error of the package, each a sentence a person can act on.

    NovaXenError
    ├── InvalidRequest          what was asked for cannot be had anywhere
    │   ├── InvalidName, InvalidProperty, InvalidNic, …
    ├── HostCannot              this host lacks what the request needs
    │   ├── ModeNotOffered, BridgeNotFound, NotEnoughMemory, …
    ├── ImageRejected, ImageUnavailable, ImageUnchecked   the bytes of an image
    ├── ServerError             an operation on a server failed
    └── HypervisorError         libvirt, libxl or the host failed

A message says what, which server, why, and what to do. ``server`` in a template is
the name the user gave. Nothing secret ever goes into a message.
"""

import re
from typing import Any

#: what would move the cursor, forge a line of a log, or not be encoded at all
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _printable(value: Any) -> Any:
    """A text with its control characters written out and its line ends as spaces."""
    if not isinstance(value, str):
        return value
    joined = " ".join(value.splitlines())
    return _UNPRINTABLE.sub(
        lambda found: found.group().encode("unicode_escape").decode(), joined
    )


class NovaXenError(Exception):
    """Base of all errors; ``str(error)`` is the sentence shown to the user."""

    msg_fmt = "An unknown error occurred."

    def __init__(self, **context: Any) -> None:
        self.context = context
        printable = {name: _printable(value) for name, value in context.items()}
        self.sentence = self.msg_fmt % printable
        #: further lines for the reader, such as the tail of a log
        self.details: tuple[str, ...] = ()
        super().__init__(self.sentence)

    def with_details(self, lines: tuple[str, ...]) -> "NovaXenError":
        """Attach further lines (the tail of a log) and return the error itself."""
        self.details = lines
        return self


class InvalidRequest(NovaXenError):
    msg_fmt = "Server %(server)s cannot be made as asked: %(why)s."


class InvalidName(InvalidRequest):
    msg_fmt = (
        "%(name)s is no valid name for a server: a name has 1 to 200 letters, digits, "
        "'.', '_', '-' or '+', begins with a letter or a digit, has no '..', and is "
        "neither a number nor a UUID nor Domain-0; choose another name."
    )


class InvalidProperty(InvalidRequest):
    msg_fmt = (
        "Server %(server)s: image property %(name)s=%(value)s is not understood; "
        "it must be one of: %(choices)s."
    )


class InvalidExtraSpec(InvalidRequest):
    msg_fmt = (
        "Server %(server)s: extra spec %(name)s=%(value)s is not possible: %(why)s."
    )


class BusNotPossible(InvalidRequest):
    msg_fmt = (
        "Server %(server)s: a %(mode)s guest cannot have a %(device)s on the bus "
        "%(bus)s (property %(name)s); use one of: %(choices)s."
    )


class TooManyDisks(InvalidRequest):
    msg_fmt = (
        "Server %(server)s: no place for %(device)s, the bus %(bus)s takes "
        "%(limit)d devices; ask for fewer disks or set %(name)s=xen."
    )


class InvalidNic(InvalidRequest):
    msg_fmt = "Server %(server)s: its network interface %(nic)s is wrong: %(why)s."


class FlavorTooSmall(InvalidRequest):
    msg_fmt = (
        "Server %(server)s: the image needs %(need)s of %(what)s and the flavor gives "
        "%(have)s; choose a larger one (%(option)s)."
    )


class ServerExists(InvalidRequest):
    msg_fmt = (
        "A server named %(server)s exists already on this host; delete it "
        "(nova-xen server delete %(server)s) or choose another name."
    )


class ServerNotFound(InvalidRequest):
    msg_fmt = (
        "There is no server %(server)s on this host; see 'nova-xen server list' "
        "for those there are."
    )


class NotOurs(InvalidRequest):
    msg_fmt = (
        "Domain %(server)s was not made by nova-xen and will not be touched; "
        "use virsh for it."
    )


class WrongState(InvalidRequest):
    msg_fmt = (
        "Server %(server)s cannot be %(action)s while it is %(state)s; %(advice)s."
    )


class InvalidConfig(NovaXenError):
    msg_fmt = "The configuration is wrong: %(why)s."


class RulesBroken(NovaXenError):
    msg_fmt = (
        "Server %(server)s: the domain document would not work on Xen: %(findings)s"
    )


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


class ImageRejected(NovaXenError):
    msg_fmt = "Image %(image)s is refused: %(why)s."


class ImageUnchecked(NovaXenError):
    msg_fmt = "Image %(image)s could not be checked: %(why)s."


class ImageUnavailable(NovaXenError):
    msg_fmt = "Image %(image)s cannot be fetched: %(why)s."


class CacheFailed(NovaXenError):
    msg_fmt = (
        "The images kept in %(folder)s cannot be %(action)s: %(why)s; nothing that is "
        "in use was touched."
    )


class FileMissing(NovaXenError):
    msg_fmt = (
        "Server %(server)s: %(what)s %(path)s does not exist or cannot be read, and "
        "Xen would not notice; restore the file."
    )


class ToolFailed(NovaXenError):
    msg_fmt = "Server %(server)s: %(tool)s failed while %(doing)s: %(why)s."


class InjectionRefused(InvalidRequest):
    msg_fmt = (
        "Server %(server)s: what it is to be told cannot be written into its disk: "
        "%(why)s; %(advice)s."
    )


class InjectionUnavailable(HostCannot):
    msg_fmt = (
        "Server %(server)s: this host cannot write into disks: %(why)s; %(advice)s, or "
        "use a config drive."
    )


class InjectionFailed(NovaXenError):
    msg_fmt = (
        "Server %(server)s: libguestfs failed on its disk while %(doing)s: %(why)s."
    )


class InjectionTimeout(NovaXenError):
    msg_fmt = (
        "Server %(server)s: libguestfs was ended, for it made no progress on its disk "
        "within %(seconds)g seconds while %(doing)s; try again when the host is less "
        "busy, raise [xen] guestfs_timeout, or use a config drive."
    )


class StepFailed(NovaXenError):
    msg_fmt = (
        "Server %(server)s could not be %(action)s: the step '%(step)s' failed, "
        "%(why)s %(undone)s"
    )


class DeleteFailed(NovaXenError):
    msg_fmt = (
        "Server %(server)s could not be deleted: the step '%(step)s' failed, %(why)s; "
        "delete it again to go on."
    )


class ConsoleUnavailable(NovaXenError):
    msg_fmt = "Server %(server)s has no console log: %(why)s."


class HypervisorError(NovaXenError):
    msg_fmt = "libvirt failed while %(doing)s%(server)s: %(why)s."


class HypervisorUnavailable(HypervisorError):
    msg_fmt = (
        "libvirt cannot be reached at %(uri)s: %(why)s; check that libvirtd runs and "
        "that you may use it (as root, or in the group libvirt)."
    )


class NoXen(HypervisorUnavailable):
    msg_fmt = (
        "libvirt at %(uri)s has no working Xen driver: %(why)s; boot this host under "
        "Xen (apt install xen-system-amd64) and install libvirt-daemon-driver-xen."
    )


class NotPermitted(HypervisorUnavailable):
    msg_fmt = (
        "libvirt at %(uri)s refuses this user: %(why)s; run the command as root or "
        "join the group libvirt."
    )


class DeadlineExceeded(HypervisorError):
    msg_fmt = (
        "libvirt gave no answer within %(seconds)g seconds while %(doing)s; the call "
        "may still end: look at 'nova-xen server list' and the libvirtd log before "
        "trying again."
    )
