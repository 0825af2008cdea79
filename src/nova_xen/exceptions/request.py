# SPDX-License-Identifier: Apache-2.0
"""What was asked for cannot be had anywhere."""

from nova_xen.exceptions.base import NovaXenError


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
