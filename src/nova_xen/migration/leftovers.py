# SPDX-License-Identifier: Apache-2.0
"""Migrations that were cut short on this host, for who only wants to know of them."""

from nova_xen.migration.journal import Journals
from nova_xen.migration.unsettled import any_journal
from nova_xen.model.doctor import LeftoverFacts


def unsettled(state_path: str) -> LeftoverFacts:
    """Names of servers whose migration no process works on any more.

    :raises ToolFailed: the journals cannot be looked at
    """
    if not any_journal(state_path):
        return LeftoverFacts()
    unreadable: list[str] = []
    journals = Journals(state_path, tell=unreadable.append)
    left = [each for each in journals.all() if not journals.busy(each.uuid)]
    return LeftoverFacts(
        migrations=tuple(each.name for each in left), unreadable=tuple(unreadable)
    )
