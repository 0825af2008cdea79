# SPDX-License-Identifier: Apache-2.0
"""Parts that another request has left, perhaps for another server."""

import pathlib

import pytest

from nova_xen import exceptions
from nova_xen.images import Head
from nova_xen.model import MIB, Checksum, ImageOptions
from unit.images.sources.fetching import (
    CONTENT,
    DIGEST,
    everything,
    fetch,
    imports,
    killed_part,
)
from unit.web import Site


def _seen(site: Site, instances_path: str, error: Exception | None) -> list[Head]:
    """What ``look`` is shown when a part is gone on with."""
    seen: list[Head] = []

    def look(head: Head) -> None:
        seen.append(head)
        if error is not None:
            raise error

    if error is None:
        path = fetch(site, instances_path, look=look)
        assert pathlib.Path(path).read_bytes() == CONTENT
    else:
        with pytest.raises(type(error)):
            fetch(site, instances_path, look=look)
    return seen


@pytest.mark.parametrize("have", [2 * MIB, len(CONTENT)])
@pytest.mark.parametrize("good", [True, False])
def test_a_part_is_judged_before_it_is_gone_on_with(
    site: Site, instances_path: str, have: int, good: bool
) -> None:
    part = killed_part(site, instances_path)
    part.write_bytes(CONTENT[:have])
    asked = len(site.requests)
    bad = exceptions.ImageRejected(image="x", why="it is no good")
    seen = _seen(site, instances_path, None if good else bad)
    assert seen == [Head(CONTENT[:MIB], len(CONTENT))]
    # the version is asked for, and the rest only of what is good
    rest = 1 if good and have < len(CONTENT) else 0
    assert len(site.requests) == asked + 1 + rest
    assert good or everything(instances_path) == []


def test_a_part_that_is_good_for_others_stays(site: Site, instances_path: str) -> None:
    part = killed_part(site, instances_path)
    small = exceptions.FlavorTooSmall(
        server="alice", need="2 GiB", what="disk", have="1 GiB", option="--disk"
    )
    _seen(site, instances_path, small)
    assert part.exists()


def test_a_part_too_small_to_be_judged_is_fetched_anew(
    site: Site, instances_path: str
) -> None:
    part = killed_part(site, instances_path)
    with part.open("r+b") as stream:
        stream.truncate(MIB - 1)
    seen = _seen(site, instances_path, None)
    assert seen == [Head(CONTENT[:MIB], len(CONTENT))]
    assert site.starts()[-1] == 0


@pytest.mark.parametrize("have", [2 * MIB, len(CONTENT)])
def test_a_part_is_held_against_the_limit_of_now(
    site: Site, instances_path: str, have: int
) -> None:
    part = killed_part(site, instances_path)
    part.write_bytes(CONTENT[:have])
    with pytest.raises(exceptions.ImageRejected, match="image_limit_gib"):
        fetch(site, instances_path, options=ImageOptions(largest=2 * MIB))
    assert everything(instances_path) == []


def test_other_content_gets_another_name(site: Site, instances_path: str) -> None:
    """Changed between the first answer and the next: no name ever changes its file."""
    site.cuts = [2 * MIB]
    site.then = [{}, {"etag": '"two"', "content": CONTENT[::-1]}]
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT[::-1]
    assert fetch(site, instances_path) == path
    site.etag, site.content = '"one"', CONTENT
    first = fetch(site, instances_path)
    assert pathlib.Path(first).read_bytes() == CONTENT
    assert len(imports(instances_path)) == 2


def test_content_that_never_stays_is_given_up(site: Site, instances_path: str) -> None:
    site.cuts = [2 * MIB] * 9
    site.then = [{"etag": f'"{number}"'} for number in range(9)]
    with pytest.raises(exceptions.ImageUnavailable, match="has changed 3 times"):
        fetch(site, instances_path)
    assert everything(instances_path) == []


def test_with_a_checksum_the_version_does_not_matter(
    site: Site, instances_path: str
) -> None:
    site.cuts = [2 * MIB]
    site.then = [{}, {"etag": '"two"'}]
    path = fetch(site, instances_path, checksum=Checksum.of("sha256", DIGEST))
    assert pathlib.Path(path).read_bytes() == CONTENT
