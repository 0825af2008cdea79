# SPDX-License-Identifier: Apache-2.0
"""A server could not be moved to another host, or nobody knows where it is."""

from nova_xen.exceptions.base import NovaXenError
from nova_xen.exceptions.host import HostCannot


class MigrationRefused(HostCannot):
    msg_fmt = (
        "Server %(server)s cannot be migrated to %(destination)s: %(why)s. Nothing was "
        "changed."
    )


class MigrationFailed(NovaXenError):
    msg_fmt = (
        "Server %(server)s was not migrated to %(destination)s: %(why)s. %(where)s."
    )


class MigrationAborted(MigrationFailed):
    msg_fmt = (
        "The migration of server %(server)s to %(destination)s was aborted: %(why)s. "
        "%(where)s."
    )


class MigrationUndecided(NovaXenError):
    msg_fmt = (
        "Server %(server)s, on its way to %(destination)s: %(why)s. %(advice)s, then "
        "run 'nova-xen migration recover %(server)s'."
    )


class MigrationNotFound(NovaXenError):
    msg_fmt = (
        "There is no migration %(migration)s on this host; see 'nova-xen migration "
        "list' for those there are."
    )


class HostNotLost(NovaXenError):
    msg_fmt = (
        "Host %(destination)s is not lost, for it answers (%(how)s), and a server may "
        "run there; switch it off, or run 'nova-xen migration recover' without "
        "--lost-host. Nothing was changed."
    )


class HostNotConcerned(NovaXenError):
    msg_fmt = (
        "No migration that is to be recovered here has host %(destination)s as its "
        "other one; there are such with: %(hosts)s."
    )


class PeerUnreachable(HostCannot):
    msg_fmt = (
        "Host %(destination)s gives no answer: %(why)s; check that '%(command)s' works "
        "on this host, or set [xen] migration_peer_command."
    )


class DestinationUnreachable(HostCannot):
    msg_fmt = (
        "libvirt on the destination %(destination)s cannot be used as %(uri)s: "
        "%(why)s; check with 'virsh -c %(uri)s version' on this host, or choose "
        "another [libvirt] live_migration_scheme."
    )


class MigrationTooLate(NovaXenError):
    msg_fmt = (
        "The migration of server %(server)s cannot be %(action)s: %(why)s; see "
        "'nova-xen migration show %(server)s'."
    )


class SocketsUnavailable(NovaXenError):
    msg_fmt = "The kernel's connections cannot be %(action)s: %(why)s."


class ToolstackFailed(NovaXenError):
    msg_fmt = "Xen's own tool failed while %(doing)s: %(why)s."
