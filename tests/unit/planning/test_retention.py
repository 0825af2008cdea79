# SPDX-License-Identifier: Apache-2.0
from typing import Any

import pytest

from nova_xen.model import GIB, CachedImage, CacheKind, ImageOptions
from nova_xen.planning import decide_removals

NOW = 1_000_000.0
HOUR = 3600


def image(name: str, hours: float, gib: int = 1, **changes: Any) -> CachedImage:
    given: dict[str, Any] = {"kind": CacheKind.BASE, "path": f"/{name}", **changes}
    return CachedImage(name=name, size=gib * GIB, last_used=NOW - hours * HOUR, **given)


IMAGES = (
    image("new", 1),
    image("old", 30),
    image("older", 50, gib=2),
    image("used", 99, users=("uuid",)),
    image("busy", 99, busy=True),
    image("import", 30, kind=CacheKind.IMPORT),
)


@pytest.mark.parametrize(
    ("options", "everything", "expected"),
    [
        ({}, False, ["older", "import", "old"]),
        ({"minimum_age": 40 * HOUR}, False, ["older"]),
        ({"minimum_age": 0}, False, ["older", "import", "old", "new"]),
        ({"remove_unused": False}, False, []),
        ({"remove_unused": False}, True, ["older", "import", "old", "new"]),
        ({"remove_unused": False, "cache_limit": 7 * GIB}, False, []),
        ({"remove_unused": False, "cache_limit": 6 * GIB}, False, ["older"]),
        ({"remove_unused": False, "cache_limit": 4 * GIB}, False, ["older", "import"]),
        ({"minimum_age": 40 * HOUR, "cache_limit": 5 * GIB}, False, ["older"]),
        ({"cache_limit": 1}, False, ["older", "import", "old", "new"]),
        ({"minimum_age": 9**9, "cache_limit": 7 * GIB}, False, []),
    ],
)
def test_what_goes(
    options: dict[str, Any], everything: bool, expected: list[str]
) -> None:
    removals = decide_removals(
        IMAGES, ImageOptions(**options), NOW, everything=everything
    )
    assert [removal.image.name for removal in removals] == expected


def test_why_it_goes() -> None:
    options = ImageOptions(minimum_age=40 * HOUR, cache_limit=4 * GIB)
    first, second = decide_removals(IMAGES, options, NOW)
    assert first.why == "unused for 50 h"
    assert second.why == "the cache is above its limit of 4 GiB"
