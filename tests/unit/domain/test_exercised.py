# SPDX-License-Identifier: Apache-2.0
"""Every declared property is used by some golden document."""

from collections.abc import Iterable, Iterator

from golden.__main__ import FOLDER
from nova_xen.domain import Domain
from nova_xen.domain.tree import Node, fromstring
from nova_xen.domain.xml import (
    Element,
    Shape,
    Spec,
    child,
    element,
    element_classes,
    specs,
    value,
)

#: written by Nova's mapping or by libvirt, and so in no document that planning makes
FROM_ELSEWHERE = {
    "Domain.bootloader_args",  # an operator's own; a dump may have it
    "Console.source_path",  # the pty, once the guest runs
    "Disk.source_dev",  # volumes are plugged in, not planned
    "NovaInstance.owner",  # known to Nova alone
    "NovaOwner.user",
    "NovaOwner.project",
    "NovaUser.uuid",
    "NovaUser.name",
    "NovaProject.uuid",
    "NovaProject.name",
}


def used(node: Node, cls: type[Element]) -> Iterator[str]:
    """Names of the properties of ``cls`` and below that ``node`` has a value for."""
    for spec in specs(cls):
        places = _places(node, spec)
        if places:
            yield f"{cls.__name__}.{spec.name}"
        if spec.shape in (Shape.CHILD, Shape.CHILDREN):
            for place in places:
                yield from used(place, spec.type)


def _places(node: Node, spec: Spec) -> list[Node]:
    """Where the property stands; an attribute is sought on its element."""
    path = spec.steps
    if spec.shape in (Shape.CHILD, Shape.CHILDREN):
        return node.findall("/".join([*path, spec.type.tag]))
    if spec.leaf == "." or spec.leaf.startswith("@"):
        parents = node.findall("/".join(path)) if path else [node]
        if spec.leaf == ".":
            return [parent for parent in parents if parent.text]
        return [parent for parent in parents if parent.get(spec.leaf[1:]) is not None]
    return node.findall("/".join([*path, spec.leaf]))


def declared(root: type[Element]) -> set[str]:
    return {
        f"{cls.__name__}.{spec.name}"
        for cls in element_classes(root)
        for spec in specs(cls)
    }


def unexercised(root: type[Element], documents: Iterable[Node]) -> set[str]:
    found = {name for document in documents for name in used(document, root)}
    return declared(root) - found


def golden_documents() -> list[Node]:
    return [fromstring(path.read_text("utf-8")) for path in FOLDER.glob("*.xml")]


def test_every_declared_property_is_in_some_golden_document() -> None:
    assert unexercised(Domain, golden_documents()) - FROM_ELSEWHERE == set()


def test_exceptions_are_needed() -> None:
    assert unexercised(Domain, golden_documents()) >= FROM_ELSEWHERE


@element("wheel")
class Wheel(Element):
    spokes: int | None = value("@spokes", default=None)
    tyre: str | None = value("tyre/@make", default=None)


@element("cart")
class Cart(Element):
    colour: str | None = value("colour", default=None)
    wheel: Wheel | None = child(default=None)


def test_an_unused_property_is_found() -> None:
    documents = [fromstring("<cart><colour>red</colour><wheel spokes='8'/></cart>")]
    assert unexercised(Cart, documents) == {"Wheel.tyre"}


def test_an_unused_element_is_found() -> None:
    assert unexercised(Cart, [fromstring("<cart/>")]) == {
        "Cart.colour",
        "Cart.wheel",
        "Wheel.spokes",
        "Wheel.tyre",
    }
