# SPDX-License-Identifier: Apache-2.0
"""Remove a server and everything of it."""

from nova_xen import exceptions
from nova_xen.hypervisor import LogMark, console_log_dir, discard_xen_console_log
from nova_xen.images import mark_unfinished, remove_folder
from nova_xen.operations.alone import alone
from nova_xen.operations.host import Host
from nova_xen.operations.saved import forget_saved
from nova_xen.operations.steps import Step, run_steps


def delete(host: Host, name: str) -> None:
    """Switch off, undefine and remove the folder.

    The folder is marked first: killed after that, the next start goes on removing. What
    was saved of its memory goes while libvirt still knows its name.

    :raises ServerNotFound: there is no such server
    :raises NotOurs: a domain that somebody else made
    :raises DeleteFailed: libvirt or the file system failed; calling it again goes on
    """
    guest, domain = host.find(name)
    path = host.options.instances_path
    steps = [
        Step("mark it for removal", lambda: mark_unfinished(path, guest.uuid)),
        Step("switch it off", guest.destroy),
        Step("forget its saved memory", lambda: forget_saved(guest)),
        Step("undefine it", guest.undefine),
        Step(
            "remove its log", lambda: discard_xen_console_log(domain, console_log_dir())
        ),
        Step(
            "remove its folder",
            lambda: remove_folder(path, guest.uuid, server=guest.name),
        ),
    ]
    try:
        with alone(host, guest, "deleted"):
            run_steps(guest.name, "deleted", steps, LogMark.take(guest.name))
    except exceptions.StepFailed as failed:
        why = failed.context["why"]
        raise exceptions.DeleteFailed(
            server=name, step=failed.context["step"], why=why.rstrip(".")
        ).with_details(failed.details) from failed
