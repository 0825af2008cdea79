# SPDX-License-Identifier: Apache-2.0
"""Whatever an element holds is read back from what it writes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_xen.domain import Domain, parse_domain
from nova_xen.domain.tree import fromstring, tostring
from nova_xen.domain.xml import (
    Element,
    child,
    children,
    element,
    element_classes,
    flag,
    value,
    values,
)
from unit.domain.strategies import elements

CLASSES = sorted(set(element_classes(Domain)), key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_element_is_read_back(cls: type[Element], data: st.DataObject) -> None:
    made = data.draw(elements(cls))
    assert cls.from_xml(fromstring(tostring(made.to_xml()))) == made


@element("leaf")
class Leaf(Element):
    text: str = value(".")
    size: int | None = value("@size", default=None)


@element("tree")
class Tree(Element):
    """One field of each shape, some below others."""

    kind: str = value("kind")
    tall: bool | None = value("kind/@tall", default=None)
    green: bool = flag("looks/green", default=False)
    best: Leaf | None = child("looks", default=None)
    leaves: tuple[Leaf, ...] = children("crown", default=())
    names: tuple[str, ...] = values("names/name/@is", default=())


WHOLE = Tree(
    kind="oak",
    tall=True,
    green=True,
    best=Leaf(text="l"),
    leaves=(Leaf(text="a", size=1), Leaf(text="")),
    names=("x", "y"),
)
WHOLE_XML = (
    '<tree><kind tall="yes">oak</kind><looks><green/><leaf>l</leaf></looks>'
    '<crown><leaf size="1">a</leaf><leaf></leaf></crown>'
    '<names><name is="x"/><name is="y"/></names></tree>'
)


def without_blanks(text: str) -> str:
    return "".join(line.strip() for line in text.splitlines())


def test_each_shape_is_written_where_it_is_declared() -> None:
    assert without_blanks(tostring(WHOLE.to_xml())) == WHOLE_XML


def test_each_shape_is_read_from_where_it_is_declared() -> None:
    assert Tree.from_xml(fromstring(WHOLE_XML)) == WHOLE


def test_what_is_not_there_has_its_default() -> None:
    assert Tree.from_xml(fromstring("<tree><kind/></tree>")) == Tree(kind="")


@given(made=elements(Tree))
@settings(max_examples=60, deadline=None)
def test_nested_paths_are_read_back(made: Tree) -> None:
    assert Tree.from_xml(fromstring(tostring(made.to_xml()))) == made


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<tree/>", "lacks kind"),
        ("<tree><kind tall='maybe'/></tree>", "neither yes nor no"),
        ("<tree><kind/><crown><leaf size='x'/></crown></tree>", "invalid literal"),
    ],
)
def test_what_cannot_be_read_is_a_value_error(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Tree.from_xml(fromstring(text))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no well-formed XML"),
        ("<domain>", "no well-formed XML"),
        ("<network/>", "<network> is no domain document"),
        ("<domain/>", "lacks devices, memory, name, os, uuid, vcpus"),
        ("\ud800", "surrogates not allowed"),
    ],
)
def test_what_is_no_domain_is_a_value_error(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_domain(text)


def test_entities_are_not_expanded() -> None:
    text = '<!DOCTYPE d [<!ENTITY e "expanded">]><leaf>&e;</leaf>'
    assert Leaf.from_xml(fromstring(text)).text == ""


def test_files_are_not_read() -> None:
    text = '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><leaf>&e;</leaf>'
    assert Leaf.from_xml(fromstring(text)).text == ""
