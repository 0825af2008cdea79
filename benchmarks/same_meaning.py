# SPDX-License-Identifier: Apache-2.0
"""Whether two documents say the same, before the making of them is compared."""

import dataclasses
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from benchmarks.errors import BenchmarkError


@dataclasses.dataclass(frozen=True)
class Difference:
    """What one document says and the other is silent about, by path."""

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def compare(first: str, second: str) -> Difference:
    """What differs between two documents that agree.

    :raises BenchmarkError: they contradict each other
    """
    one, two = (dict(_facts(etree.fromstring(text))) for text in (first, second))
    wrong = sorted(path for path in one.keys() & two.keys() if one[path] != two[path])
    if wrong:
        said = "; ".join(f"{path}: {one[path]} and {two[path]}" for path in wrong)
        raise BenchmarkError(
            f"The two documents do not mean the same, so that no comparison of them "
            f"counts: {said}."
        )
    return Difference(_topmost(one.keys() - two), _topmost(two.keys() - one))


def _topmost(paths: set[str]) -> tuple[str, ...]:
    """Paths without those below another one of them."""
    return tuple(sorted(path for path in paths if path.rpartition("/")[0] not in paths))


def _facts(node: etree._Element, path: str = "") -> Iterator[tuple[str, str]]:
    """Each element, attribute and text with its path; order among tags is no fact."""
    yield path or "/", "there"
    for name, value in node.attrib.items():
        yield f"{path}/@{name!s}", str(value)
    if node.text and node.text.strip():
        yield f"{path}/text()", node.text.strip()
    seen: Counter[str] = Counter()
    for child in node.iterchildren(tag=etree.Element):
        tag = etree.QName(child).localname
        seen[tag] += 1
        yield from _facts(child, f"{path}/{tag}[{seen[tag]}]")
