# SPDX-License-Identifier: Apache-2.0
"""By which way a guest is told its name, keys, files and addresses."""

import dataclasses
import re

from nova_xen import exceptions
from nova_xen.model import (
    ConfigDriveFormat,
    DiskKind,
    DiskPlan,
    InjectionPlan,
    Instance,
    Reason,
)
from nova_xen.planning.addresses import check_addresses
from nova_xen.planning.context import Asked, Context, reason
from nova_xen.planning.guest_files import check_files
from nova_xen.planning.hostnames import check_hostname
from nova_xen.planning.setup_texts import check_setup_texts
from nova_xen.planning.ssh_keys import check_keys

#: Nova's number for no injection
OFF = -2
INSPECT = -1
WHOLE = 0
_POLICIES = ("optional", "mandatory")
_ROOT_PARTITION = re.compile(r"(?:^|\s)root=/dev/(?:xvd|hd|sd)a([0-9]+)(?=\s|$)")
#: LABEL=, UUID=, a logical volume: anything but the root disk or a partition of it
_ROOT_BY_NAME = re.compile(r"(?:^|\s)root=(?!/dev/(?:xvd|hd|sd)a[0-9]*(?:\s|$))\S")


def check_setup(instance: Instance) -> None:
    """Refuse what cannot be told to any guest.

    :raises InvalidRequest, InvalidNic: saying what is wrong
    """
    if instance.setup.hostname is not None:
        check_hostname(instance.name, instance.setup.hostname)
    check_keys(instance.name, instance.setup.ssh_keys)
    check_files(instance)
    check_setup_texts(instance)
    check_addresses(instance)


def told(instance: Instance) -> tuple[str, ...]:
    """Words for what the guest is to be told."""
    setup = instance.setup
    words = {
        "a host name": setup.hostname is not None,
        "SSH keys": setup.ssh_keys,
        "an admin password": setup.admin_password is not None,
        "files": setup.files,
        "metadata": setup.metadata,
        "user data": setup.user_data is not None,
        "vendor data": setup.vendor_data is not None,
        "addresses": any(nic.addresses or nic.dns for nic in instance.nics),
    }
    return tuple(word for word, asked in words.items() if asked)


@dataclasses.dataclass(frozen=True)
class Drive:
    """That there is a config drive, and why."""

    format: ConfigDriveFormat
    reasons: tuple[Reason, ...]


def decide_config_drive(asked: Asked) -> Drive | None:
    """Whether the server gets a config drive: Nova's three ways to ask for one.

    :raises InvalidProperty: img_config_drive is neither optional nor mandatory
    """
    mandatory = asked.choice("img_config_drive", _POLICIES) == "mandatory"
    if asked.instance.config_drive:
        why = "asked for with the server"
    elif mandatory:
        why = "image property img_config_drive=mandatory"
    elif asked.options.force_config_drive:
        why = "the option force_config_drive"
    else:
        return None
    drive_format = asked.options.config_drive_format
    if told(asked.instance):
        why += f"; it tells the guest {', '.join(told(asked.instance))}"
    by = f"the option config_drive_format={drive_format}"
    return Drive(
        drive_format,
        (
            reason("config drive", "yes", why),
            reason(f"{DiskKind.CONFIG}/format", drive_format, by),
        ),
    )


def decide_injection(
    context: Context, drive: Drive | None, disks: tuple[DiskPlan, ...]
) -> tuple[InjectionPlan | None, tuple[Reason, ...]]:
    """What libguestfs has to do, when no config drive tells it all.

    :raises InvalidRequest: there is something to tell, and no way to tell it
    """
    if drive is not None or not told(context.instance):
        return None, ()
    _require_injection(context)
    root = next((disk for disk in disks if disk.kind is DiskKind.ROOT), None)
    if root is None or root.base is None:
        raise _refused(
            context,
            "cannot be injected, since the image is an ISO and the disk is empty; "
            "ask for a config drive (--config-drive)",
        )
    partition, why = _partition(context)
    plan = InjectionPlan(path=root.path, format=root.format, partition=partition)
    what = ", ".join(told(context.instance))
    return plan, (
        reason("injection", what, "the option inject_partition, and no config drive"),
        reason("injection/partition", partition, why),
    )


def _require_injection(context: Context) -> None:
    """Refuse what injection does not carry, or the operator did not allow."""
    setup, options = context.instance.setup, context.options
    if setup.user_data is not None or setup.vendor_data is not None:
        what = "user data" if setup.user_data is not None else "vendor data"
        raise exceptions.InvalidRequest(
            server=context.instance.name,
            why=f"{what} reaches a guest by a config drive alone, ask for one "
            "(--config-drive)",
        )
    if options.inject_partition == OFF:
        raise _refused(
            context,
            "would not reach the guest; ask for a config drive (--config-drive), or "
            "set the option [libvirt] inject_partition to have them injected into its "
            "disk",
        )
    if any(nic.dns and not nic.addresses for nic in context.instance.nics):
        raise _refused(
            context,
            "cannot all be injected, since an interface has name servers and no "
            "address: give it one (ip=), or ask for a config drive (--config-drive)",
        )
    barred = {
        "inject_key": setup.ssh_keys and not options.inject_key,
        "inject_password": setup.admin_password and not options.inject_password,
    }
    for option, wrong in barred.items():
        if wrong:
            raise _refused(
                context,
                f"cannot all be injected while the option [libvirt] {option} is off; "
                "set it, or ask for a config drive (--config-drive)",
            )


def _refused(context: Context, why: str) -> exceptions.InvalidRequest:
    what = ", ".join(told(context.instance))
    return exceptions.InvalidRequest(
        server=context.instance.name, why=f"what it is to be told ({what}) {why}"
    )


def _partition(context: Context) -> tuple[int, str]:
    """Where the guest's root is.

    A kernel from the host has its root named by the command line: a partition, a label
    or the like, which the option has to find, or the whole disk, as Nova takes it.
    """
    if not context.instance.kernel:
        number = context.options.inject_partition
        looks = ": libguestfs looks for it" if number == INSPECT else ""
        return number, f"the option inject_partition={number}{looks}"
    line = context.image_property("os_command_line") or ""
    found = _ROOT_PARTITION.findall(line)
    if found:
        return int(found[-1]), "image property os_command_line names it as the root"
    if _ROOT_BY_NAME.search(line):
        number = context.options.inject_partition
        how = "image property os_command_line names the root by no number"
        return number, f"{how}, so the option inject_partition={number}"
    return WHOLE, "a kernel was given and no partition, so the whole disk is the root"
