# SPDX-License-Identifier: Apache-2.0
"""From what is asked for and what a guest has to the edits: nothing is touched."""

import json

from nova_xen.injection.guest import facts as places
from nova_xen.injection.guest.crypt import check_password
from nova_xen.injection.guest.edits import Edit, WriteFile
from nova_xen.injection.guest.facts import GuestFacts
from nova_xen.injection.guest.hostname import check_hostname, hostname_edits
from nova_xen.injection.guest.keys import check_keys, key_edits
from nova_xen.injection.guest.network import is_needed, network_edits
from nova_xen.injection.guest.paths import check_files
from nova_xen.injection.guest.problems import Refused
from nova_xen.injection.guest.render import render_interfaces
from nova_xen.injection.guest.shadow import Hasher, with_password
from nova_xen.model import GuestSetup, Nic

#: where Nova puts a server's metadata
META = "/meta.js"


def check(setup: GuestSetup, nics: tuple[Nic, ...], template: str | None) -> None:
    """Refuse all that can be refused before an appliance is started.

    :raises Refused: what is wrong, and what to do
    """
    check_files(setup.files)
    check_keys(setup.ssh_keys)
    if setup.hostname is not None:
        check_hostname(setup.hostname)
    if setup.admin_password is not None:
        check_password(setup.admin_password)
    if setup.user_data is not None or setup.vendor_data is not None:
        raise Refused("user data and vendor data go by config drive alone")
    if template is not None and is_needed(nics):
        render_interfaces(nics, template)


def decide(
    setup: GuestSetup,
    nics: tuple[Nic, ...],
    facts: GuestFacts,
    *,
    template: str | None,
    today: int,
    hasher: Hasher,
    owners: bool = True,
) -> tuple[Edit, ...]:
    """Everything to change, in order; all of it is mandatory.

    :param today: days since 1970-01-01
    :param owners: whether its root is of a kind that systems have, with owners
    :raises Refused: the guest has not what it takes
    """
    edits: list[Edit] = []
    if is_needed(nics):
        edits += network_edits(nics, facts, template)
    if setup.hostname is not None:
        edits += hostname_edits(setup.hostname, facts)
    if setup.ssh_keys:
        edits += key_edits(setup.ssh_keys, facts)
    if setup.admin_password is not None:
        shadow = with_password(facts, setup.admin_password, today, hasher)
        edits.append(WriteFile(path=places.SHADOW, content=shadow, keep_link=True))
    edits += _cloud_init(setup, nics, facts)
    if (edits or (owners and setup.files)) and not facts.has("/etc"):
        raise Refused(
            "there is no /etc on it, so that it is not where a system is",
            "set inject_partition to the partition of the system, or to -1",
        )
    if setup.metadata:
        text = json.dumps(dict(setup.metadata), sort_keys=True)
        edits.append(WriteFile(path=META, content=text.encode()))
    return (*edits, *_files(setup, edits))


def _files(setup: GuestSetup, edits: list[Edit]) -> list[Edit]:
    """The user's own files, none of which may undo what else is asked for."""
    taken = {edit.path for edit in edits}
    for file in setup.files:
        if file.path in taken:
            raise Refused(
                f"{file.path} is asked for as a file, and written for something else",
                "leave out one of the two",
            )
    return [
        WriteFile(path=file.path, content=file.content, mode=file.mode)
        for file in setup.files
    ]


def _cloud_init(
    setup: GuestSetup, nics: tuple[Nic, ...], facts: GuestFacts
) -> list[Edit]:
    """cloud-init, finding no metadata, would put its own defaults over ours."""
    lines: dict[str, object] = {}
    if is_needed(nics):
        lines["network"] = {"config": "disabled"}
    if setup.hostname is not None:
        lines["preserve_hostname"] = True
    if not lines or not facts.has(places.CLOUD_INIT):
        return []
    text = json.dumps(lines, indent=1) + "\n"  # which is YAML too
    return [
        WriteFile(path=f"{places.CLOUD_INIT}/99-nova-xen.cfg", content=text.encode())
    ]
