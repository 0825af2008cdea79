# SPDX-License-Identifier: Apache-2.0
"""Each rule is broken by a document, says why, and is in the documentation."""

import dataclasses

import pytest

from nova_xen import exceptions, rules
from nova_xen.domain import Domain, OsType
from nova_xen.model import GuestMode
from nova_xen.rules.base import RULES, Rule, rule
from unit.rules.breaches import BREACHES
from unit.rules.documents import CLEAN, PV_GUEST, Breach, with_
from unit.rules.table import PATH, table


def broken(domain: Domain) -> list[tuple[str, str]]:
    """Rules alone: what libvirt's schema says beside them is another matter."""
    found = [(each.rule, each.sentence) for each in rules.findings(domain)]
    return [each for each in found if each[0] != "SCHEMA"]


@pytest.mark.parametrize("breach", BREACHES, ids=lambda each: each.rule)
def test_a_document_breaks_one_rule(breach: Breach) -> None:
    assert broken(breach.domain) == [(breach.rule, breach.sentence)]


@pytest.mark.parametrize("domain", CLEAN)
def test_these_break_none(domain: Domain) -> None:
    assert list(rules.findings(domain)) == []


def untested(registered: list[Rule], breaches: list[Breach]) -> set[str]:
    return {each.id for each in registered} - {each.rule for each in breaches}


def test_every_rule_has_a_document_that_breaks_it() -> None:
    assert untested(RULES, BREACHES) == set()


def test_a_rule_without_a_document_is_noticed() -> None:
    extra = Rule("XEN999", lambda _domain: iter(()))
    assert untested([*RULES, extra], BREACHES) == {"XEN999"}


def test_identifiers_are_unique_and_of_one_form() -> None:
    ids = [each.id for each in RULES]
    assert len(set(ids)) == len(ids)
    assert all(each[:3] == "XEN" and each[3:].isdigit() for each in ids)


def test_an_identifier_is_registered_once() -> None:
    before = list(RULES)
    with pytest.raises(ValueError, match="XEN001 is taken"):
        rule("XEN001")(lambda _domain: iter(()))
    assert before == RULES


def test_the_documentation_has_the_rules_as_they_are() -> None:
    """Write it anew: ``PYTHONPATH=src:tests python -m unit.rules.table``."""
    assert PATH.read_text("utf-8") == table()


def test_check_tells_every_breach_in_one_sentence() -> None:
    with pytest.raises(exceptions.RulesBroken) as refused:
        rules.check(with_(PV_GUEST, type="kvm", vcpus=0))
    sentence = str(refused.value)
    assert sentence.startswith(
        "Server web1: the domain document would not work on Xen: XEN001: the domain "
        "type is kvm, and libxl runs xen only; XEN043: 0 vCPUs are too few"
    )
    assert sentence.endswith(".")


def test_check_lets_a_good_document_pass() -> None:
    rules.check(PV_GUEST)


@pytest.mark.parametrize(
    ("os_type", "mode"),
    [
        (OsType.XEN, GuestMode.PV),
        (OsType.LINUX, GuestMode.PV),
        (OsType.HVM, GuestMode.HVM),
        (OsType.XENPVH, GuestMode.PVH),
    ],
)
def test_mode_of_a_document(os_type: OsType, mode: GuestMode) -> None:
    os = dataclasses.replace(PV_GUEST.os, type=os_type)
    assert rules.mode_of(with_(PV_GUEST, os=os)) is mode
