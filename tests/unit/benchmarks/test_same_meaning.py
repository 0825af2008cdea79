# SPDX-License-Identifier: Apache-2.0
"""Documents are compared by what they say, before the speed of making them is."""

import pytest
from benchmarks.errors import BenchmarkError
from benchmarks.same_meaning import compare

BASE = "<domain><name>a</name><devices><disk type='file'/></devices></domain>"


def test_order_among_tags_and_white_space_mean_nothing() -> None:
    other = "<domain>\n<devices><disk type='file'/></devices><name>a</name></domain>"

    found = compare(BASE, other)

    assert (found.only_first, found.only_second) == ((), ())


@pytest.mark.parametrize(
    ("other", "path"),
    [
        (BASE.replace(">a<", ">b<"), r"/name\[1\]/text\(\): a and b"),
        (BASE.replace("file", "block"), r"/disk\[1\]/@type: file and block"),
    ],
)
def test_a_contradiction_is_refused(other: str, path: str) -> None:
    with pytest.raises(BenchmarkError, match=path):
        compare(BASE, other)


def test_the_order_of_devices_of_one_kind_has_a_meaning() -> None:
    one = "<devices><disk dev='xvda'/><disk dev='xvdb'/></devices>"
    two = "<devices><disk dev='xvdb'/><disk dev='xvda'/></devices>"

    with pytest.raises(BenchmarkError, match="xvda and xvdb"):
        compare(one, two)


def test_what_one_alone_says_is_told_by_its_topmost_path() -> None:
    other = BASE.replace("<name>", "<uuid>u</uuid><name id='1'>")

    found = compare(BASE, other)

    assert found.only_first == ()
    assert found.only_second == ("/name[1]/@id", "/uuid[1]")
