# SPDX-License-Identifier: Apache-2.0
"""An operation on a server failed."""

from nova_xen.exceptions.base import NovaXenError
from nova_xen.exceptions.request import InvalidRequest


class FileMissing(NovaXenError):
    msg_fmt = (
        "Server %(server)s: %(what)s %(path)s does not exist or cannot be read, and "
        "Xen would not notice; restore the file."
    )


class ToolFailed(NovaXenError):
    msg_fmt = "Server %(server)s: %(tool)s failed while %(doing)s: %(why)s."


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


class SaveFolderFailed(NovaXenError):
    msg_fmt = (
        "The saved memory of server %(server)s in %(folder)s could not be %(action)s: "
        "%(why)s; see to it and try again."
    )


class ServerBusy(NovaXenError):
    msg_fmt = (
        "Server %(server)s cannot be %(action)s now, since %(who)s is at work on it; "
        "wait until that has ended."
    )


class DumpRefused(InvalidRequest):
    msg_fmt = (
        "Server %(server)s cannot be dumped into %(path)s: %(why)s; name another file."
    )


class ConsoleUnavailable(NovaXenError):
    msg_fmt = "Server %(server)s has no console log: %(why)s."
