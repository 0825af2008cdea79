# SPDX-License-Identifier: Apache-2.0
"""An operation on a server failed."""

from nova_xen.exceptions.base import NovaXenError


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


class ConsoleUnavailable(NovaXenError):
    msg_fmt = "Server %(server)s has no console log: %(why)s."
