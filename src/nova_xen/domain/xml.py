# SPDX-License-Identifier: Apache-2.0
"""Elements of libvirt's domain XML as frozen dataclasses, written and read alike.

A class names its tag; a field names where its value stands, by a small path:
``@type`` an attribute, ``source/@file`` an attribute of a child, ``name`` the text of
a child, ``.`` the element's own text. One declaration serves both directions, so what
is written is what is read. The codec of a field follows from its annotation.
"""

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self, dataclass_transform

from lxml import etree

from nova_xen.domain.tree import Made, Node, decode, encode, get_value, place

_WHERE = "nova_xen.domain"


class Shape(enum.Enum):
    """How a field is laid out in XML."""

    VALUE = enum.auto()
    FLAG = enum.auto()
    CHILD = enum.auto()
    CHILDREN = enum.auto()
    VALUES = enum.auto()


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a field stands: its path, shape and, for children, their class."""

    path: str
    shape: Shape


def _field(place: Place, default: Any, factory: Any = dataclasses.MISSING) -> Any:
    metadata = {_WHERE: place}
    if factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def value(path: str, *, default: Any = dataclasses.MISSING) -> Any:
    """A text or an attribute; str, int, bool (yes/no) or an enum of str."""
    return _field(Place(path, Shape.VALUE), default)


def flag(path: str, *, default: bool = False) -> Any:
    """An empty element whose presence means True."""
    return _field(Place(path, Shape.FLAG), default)


def child(path: str = "", *, default: Any = dataclasses.MISSING) -> Any:
    """One nested element; ``path`` names its parents, if it has any here."""
    return _field(Place(path, Shape.CHILD), default)


def children(path: str = "", *, default: tuple[Any, ...] = ()) -> Any:
    """Any number of nested elements, in order; the field is a tuple."""
    return _field(Place(path, Shape.CHILDREN), default)


def values(path: str, *, default: tuple[Any, ...] = ()) -> Any:
    """A repeated scalar such as ``boot/@dev``; the field is a tuple."""
    return _field(Place(path, Shape.VALUES), default)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(value, flag, child, children, values),
)
def element(
    tag: str, *, namespace: str | None = None, prefix: str | None = None
) -> Callable[[type], Any]:
    """Class decorator: a frozen keyword-only dataclass that is one XML element."""

    def decorate(cls: type) -> Any:
        made: Any = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        made.tag = f"{{{namespace}}}{tag}" if namespace else tag
        made.nsmap = {prefix: namespace} if namespace else None
        return made

    return decorate


class Element:
    """Base of all elements: ``to_xml`` and ``from_xml`` by the declared fields."""

    tag: ClassVar[str]
    nsmap: ClassVar[dict[str, str] | None]

    def to_xml(self) -> Node:
        """The element as a new lxml tree."""
        node = etree.Element(self.tag, nsmap=self.nsmap)
        self._fill(node)
        return node

    def add_to(self, parent: Node) -> None:
        """The element as the last child of ``parent``."""
        self._fill(etree.SubElement(parent, self.tag, nsmap=self.nsmap))

    def _fill(self, node: Node) -> None:
        made: Made = {(): node}
        for spec in specs(type(self)):
            spec.write(made, getattr(self, spec.name))

    @classmethod
    def from_xml(cls, node: Node) -> Self:
        """Read what this class declares from ``node``; the rest is left alone.

        :raises ValueError: a value that the declared type cannot hold, or none where
            there must be one
        """
        read = {spec.name: spec.read(node) for spec in specs(cls)}
        found = {k: v for k, v in read.items() if v is not dataclasses.MISSING}
        if lacking := _required(cls) - found.keys():
            raise ValueError(f"<{cls.tag}> lacks {', '.join(sorted(lacking))}")
        return cls(**found)


@dataclasses.dataclass(frozen=True)
class Spec:
    """One declared field: its path split, its tags qualified, its type resolved."""

    name: str
    steps: tuple[str, ...]
    leaf: str
    shape: Shape
    type: Any

    def _parent(self, node: Node) -> Node | None:
        """The element the value stands in, if it is there."""
        for step in self.steps:
            found = node.find(step)
            if found is None:
                return None
            node = found
        return node

    def write(self, made: Made, item: Any) -> None:
        """Put ``item`` at this field's place; None leaves no trace."""
        if item is None or (item is False and self.shape is Shape.FLAG) or item == ():
            return
        match self.shape:
            case Shape.VALUE:
                self._write_value(made, encode(item))
            case Shape.FLAG:
                etree.SubElement(place(made, self.steps), self.leaf)
            case Shape.CHILD:
                item.add_to(place(made, self.steps))
            case Shape.CHILDREN:
                parent = place(made, self.steps)
                for each in item:
                    each.add_to(parent)
            case Shape.VALUES:
                parent = place(made, self.steps[:-1])
                for each in item:
                    node = etree.SubElement(parent, self.steps[-1])
                    self._write_value({self.steps: node}, encode(each))

    def _write_value(self, made: Made, text: str) -> None:
        if self.leaf.startswith("@"):
            place(made, self.steps).set(self.leaf[1:], text)
        elif self.leaf == ".":
            place(made, self.steps).text = text
        else:
            place(made, (*self.steps, self.leaf)).text = text

    def read(self, node: Node) -> Any:
        """This field's value below ``node``, or MISSING when it is not there."""
        if self.shape is Shape.VALUES:
            return self._read_values(node)
        parent = self._parent(node)
        if parent is None:
            return dataclasses.MISSING
        match self.shape:
            case Shape.VALUE:
                raw = get_value(parent, self.leaf)
                return dataclasses.MISSING if raw is None else decode(self.type, raw)
            case Shape.FLAG:
                return parent.find(self.leaf) is not None
            case Shape.CHILD:
                found = parent.find(self.type.tag)
                missing = dataclasses.MISSING
                return missing if found is None else self.type.from_xml(found)
            case Shape.CHILDREN:
                return tuple(
                    self.type.from_xml(each) for each in parent.findall(self.type.tag)
                )

    def _read_values(self, node: Node) -> tuple[Any, ...]:
        nodes = node.findall("/".join(self.steps))
        found = (get_value(each, self.leaf) for each in nodes)
        return tuple(decode(self.type, raw) for raw in found if raw is not None)


def _unwrap(hint: Any) -> Any:
    """The scalar or element class inside ``X | None`` and ``tuple[X, ...]``."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return next(a for a in typing.get_args(hint) if a is not type(None))
    if typing.get_origin(hint) is tuple:
        return typing.get_args(hint)[0]
    return hint


def _split(place: Place) -> tuple[tuple[str, ...], str]:
    steps = tuple(step for step in place.path.split("/") if step)
    if place.shape in (Shape.CHILD, Shape.CHILDREN):
        return steps, ""
    return steps[:-1], steps[-1]


_SPECS: dict[type, tuple[Spec, ...]] = {}


def specs(cls: type[Element]) -> tuple[Spec, ...]:
    """The declared fields of ``cls`` in order, resolved once."""
    if cls not in _SPECS:
        _SPECS[cls] = tuple(_resolve(cls))
    return _SPECS[cls]


def _resolve(cls: type[Element]) -> Iterator[Spec]:
    hints = typing.get_type_hints(cls)
    namespace = etree.QName(cls.tag).namespace

    def qualified(step: str) -> str:
        return f"{{{namespace}}}{step}" if namespace and step[:1] not in "@." else step

    for item in dataclasses.fields(cls):  # type: ignore[arg-type]
        place: Place = item.metadata[_WHERE]
        above, last = _split(place)
        steps, leaf = tuple(map(qualified, above)), qualified(last)
        yield Spec(item.name, steps, leaf, place.shape, _unwrap(hints[item.name]))


def _required(cls: type[Element]) -> set[str]:
    missing = dataclasses.MISSING
    return {
        item.name
        for item in dataclasses.fields(cls)  # type: ignore[arg-type]
        if item.default is missing and item.default_factory is missing
    }


def element_classes(root: type[Element]) -> Iterator[type[Element]]:
    """``root`` and every element class that can stand below it."""
    yield root
    for spec in specs(root):
        if spec.shape in (Shape.CHILD, Shape.CHILDREN):
            yield from element_classes(spec.type)
