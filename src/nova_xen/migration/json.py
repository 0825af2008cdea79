# SPDX-License-Identifier: Apache-2.0
"""The model as JSON and back, for the other host and for the disk.

What is read is believed in nothing: a number is no text, a text no number, and an
unknown word of an enum is refused. A field that is not known is passed over, so that
what a newer version wrote can be read.
"""

import json
from typing import Any, TypeVar

from cattrs import transform_error
from cattrs.preconf.json import make_converter
from cattrs.v import format_exception

T = TypeVar("T")

_converter = make_converter()


def _take_only(kind: type, *taken: type) -> None:
    """Have values of ``taken`` alone be read as ``kind``, or as an enum of such."""

    def check(value: Any, asked: Any) -> Any:
        # isinstance would take True for a number
        if type(value) not in taken:
            raise ValueError(f"{type(value).__name__} where {kind.__name__} is needed")
        return asked(value)

    _converter.register_structure_hook(kind, check)


_take_only(str, str)
_take_only(bool, bool)
_take_only(int, int)
_take_only(float, float, int)


def _nothing(value: Any, _asked: Any) -> None:
    if value is not None:
        raise ValueError(f"{type(value).__name__} where nothing is needed")


_converter.register_structure_hook(type(None), _nothing)


def to_plain(value: object) -> Any:
    """What ``json`` can write: dicts, lists, texts, numbers, truth values and None."""
    return _converter.unstructure(value)


def from_plain(plain: object, kind: Any) -> Any:
    """The value of type ``kind`` that ``plain`` stands for.

    :raises ValueError: it stands for none; says where and why
    """
    try:
        return _converter.structure(plain, kind)
    except Exception as error:
        # cattrs raises groups of anything that came on the way
        why = "; ".join(transform_error(error, _name(kind), _told))
        raise ValueError(why) from error


def _told(error: BaseException, kind: type | None) -> str:
    if type(error) is ValueError:
        return str(error)
    if type(error) in (TypeError, AttributeError):
        return "it has another shape"
    return format_exception(error, kind)


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def dumps(plain: object) -> str:
    """Plain values as one line of ASCII.

    :raises ValueError: a number that JSON does not have
    """
    return json.dumps(plain, allow_nan=False, separators=(",", ":"))


def loads(text: str | bytes) -> Any:
    """The plain values of a JSON text in UTF-8.

    :raises ValueError: it is no JSON
    """
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8")
        return json.loads(decoded, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def to_json(value: object) -> str:
    """A dataclass of the model as one line of JSON."""
    return dumps(to_plain(value))


def from_json(text: str | bytes, kind: type[T]) -> T:
    """The dataclass ``kind`` that :func:`to_json` wrote.

    :raises ValueError: the text is no JSON, or stands for something else
    """
    found: T = from_plain(loads(text), kind)
    return found
