# SPDX-License-Identifier: Apache-2.0
"""Which guests a host lists and how they are found."""

from typing import Any

import libvirt

from contract import documents
from contract.refusals import LIBXL, refused
from contract.tiers.base import NIL_UUID, Tier

NOT_FOUND = libvirt.VIR_ERR_NO_DOMAIN


def test_domain_0_is_listed_with_id_0_and_the_nil_uuid(xen: Tier) -> None:
    listed = {guest.name(): guest for guest in xen.connection.listAllDomains()}
    domain_0 = listed["Domain-0"]
    assert domain_0.ID() == 0
    assert domain_0.UUIDString() == NIL_UUID


def test_domain_0_refuses_to_stop(xen: Tier) -> None:
    domain_0 = xen.connection.lookupByID(0)
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, LIBXL, "Domain-0 does not"):
        domain_0.destroy()


def test_unknown_name(xen: Tier) -> None:
    with refused(NOT_FOUND, LIBXL, "Domain not found"):
        xen.connection.lookupByName("contract-nobody")


def test_unknown_uuid(xen: Tier) -> None:
    with refused(NOT_FOUND, LIBXL):
        xen.connection.lookupByUUIDString(documents.UUID)


def test_unknown_id(xen: Tier) -> None:
    with refused(NOT_FOUND, LIBXL):
        xen.connection.lookupByID(65000)


def test_a_guest_is_found_three_ways(xen: Tier, running: Any) -> None:
    connection = xen.connection
    ways = (
        connection.lookupByName(documents.NAME),
        connection.lookupByUUIDString(documents.UUID),
        connection.lookupByID(running.ID()),
    )
    assert {guest.UUIDString() for guest in ways} == {documents.UUID}


def test_uuids_are_found_in_capitals_too(xen: Tier, defined: Any) -> None:
    found = xen.connection.lookupByUUIDString(documents.UUID.upper())
    assert found.name() == documents.NAME


def _names(xen: Tier, flags: int) -> set[str]:
    return {guest.name() for guest in xen.connection.listAllDomains(flags)}


def test_flags_of_one_group_add_up_and_groups_narrow(xen: Tier, defined: Any) -> None:
    inactive = libvirt.VIR_CONNECT_LIST_DOMAINS_INACTIVE
    active = libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
    transient = libvirt.VIR_CONNECT_LIST_DOMAINS_TRANSIENT
    assert documents.NAME in _names(xen, inactive)
    assert documents.NAME not in _names(xen, active)
    assert documents.NAME in _names(xen, active | inactive)
    assert documents.NAME not in _names(xen, inactive | transient)


def test_a_handle_of_a_forgotten_guest(xen: Tier, defined: Any) -> None:
    defined.undefine()
    words = f"no domain with matching uuid '{documents.UUID}' ({documents.NAME})"
    with refused(NOT_FOUND, LIBXL, words):
        defined.state()
