# SPDX-License-Identifier: Apache-2.0
"""Any element, made from its own declaration."""

import dataclasses
import enum
from typing import Any

from hypothesis import strategies as st

from nova_xen.domain import Os
from nova_xen.domain.xml import Element, Shape, Spec, specs

#: what XML 1.0 can hold; a carriage return is written as a reference
TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\t\n\r"
    ).filter(lambda c: c not in "\ufffe\uffff"),
    max_size=12,
)


def scalars(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a scalar type."""
    if issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(-(2**40), 2**40)
    return TEXT


def values_of(spec: Spec) -> st.SearchStrategy[Any]:
    """Any value of a declared field, without its default None."""
    match spec.shape:
        case Shape.VALUE:
            return scalars(spec.type)
        case Shape.FLAG:
            return st.booleans()
        case Shape.CHILD:
            return elements(spec.type)
        case Shape.CHILDREN:
            return st.lists(elements(spec.type), max_size=2).map(tuple)
        case Shape.VALUES:
            return st.lists(scalars(spec.type), max_size=3).map(tuple)


def elements(cls: type[Element]) -> st.SearchStrategy[Any]:
    """Any element of ``cls``; what may be left out sometimes is."""
    fields = cls.__dataclass_fields__  # type: ignore[attr-defined]
    given = {}
    for spec in specs(cls):
        strategy = values_of(spec)
        if fields[spec.name].default is None:
            strategy = st.none() | strategy
        given[spec.name] = strategy
    made: st.SearchStrategy[Any] = st.builds(cls, **given)
    return made.map(_with_loader) if cls is Os else made


def _with_loader(os: Os) -> Os:
    """The attributes of a loader stand on it, so without it there are none."""
    if os.loader is not None:
        return os
    return dataclasses.replace(os, loader_readonly=None, loader_type=None)
