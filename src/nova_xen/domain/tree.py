# SPDX-License-Identifier: Apache-2.0
"""Trees of lxml: scalars put in and read out, documents written and parsed."""

import enum
from typing import Any

from lxml import etree

Node = etree._Element


#: elements made so far while one is written, by their steps below it
Made = dict[tuple[str, ...], Node]


def place(made: Made, steps: tuple[str, ...]) -> Node:
    """The element at ``steps``, made with its parents where it is not there yet."""
    found = made.get(steps)
    if found is None:
        parent = place(made, steps[:-1])
        found = made[steps] = etree.SubElement(parent, steps[-1])
    return found


def get_value(parent: Node, leaf: str) -> str | None:
    """What stands at ``leaf``, an attribute, the own text or a child's; or None."""
    if leaf.startswith("@"):
        return parent.get(leaf[1:])
    if leaf == ".":
        return parent.text or ""
    found = parent.find(leaf)
    return None if found is None else found.text or ""


def encode(item: Any) -> str:
    """A scalar as libvirt writes it: enums by value, bool as yes or no."""
    if isinstance(item, enum.Enum):
        return str(item.value)
    if isinstance(item, bool):
        return "yes" if item else "no"
    return str(item)


def decode(kind: Any, raw: str) -> Any:
    """The scalar of type ``kind`` that ``raw`` stands for.

    :raises ValueError: ``raw`` is no such scalar
    """
    if kind is bool:
        if raw not in ("yes", "no"):
            raise ValueError(f"{raw!r} is neither yes nor no")
        return raw == "yes"
    return kind(raw)


def tostring(node: Node) -> str:
    """``node`` as indented text without an XML declaration."""
    etree.indent(node)
    return etree.tostring(node, encoding="unicode", pretty_print=True)


def fromstring(text: str) -> Node:
    """Parse a document; entities and network access are off.

    :raises ValueError: the text is no well-formed XML
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as exc:
        raise ValueError(f"no well-formed XML: {exc}") from exc
