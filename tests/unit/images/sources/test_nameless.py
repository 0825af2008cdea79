# SPDX-License-Identifier: Apache-2.0
"""Sources that tell no version: what they send is good for one request."""

import os
import pathlib

import pytest

from nova_xen import exceptions
from nova_xen.images import ensure_base
from nova_xen.images.cache.record import read_record
from nova_xen.images.cache.store import lock_of
from nova_xen.images.files.lock import try_lock
from nova_xen.model import MIB, Checksum, DiskFormat
from unit.images.sources.fetching import (
    CONTENT,
    DIGEST,
    ONCE,
    everything,
    fetch,
    held,
    imports,
    locks,
)
from unit.web import Site


@pytest.fixture(autouse=True)
def _nameless(site: Site) -> None:
    site.etag = ""


def test_each_request_fetches_it_anew(site: Site, instances_path: str) -> None:
    with held(site, instances_path) as path:
        assert pathlib.Path(path).read_bytes() == CONTENT
    site.content = CONTENT[::-1]
    with held(site, instances_path) as path:
        assert pathlib.Path(path).read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("how", ["well", "badly"])
def test_it_is_there_during_the_block_alone(
    site: Site, instances_path: str, how: str
) -> None:
    try:
        with held(site, instances_path) as path:
            assert imports(instances_path) == [os.path.basename(path)]
            assert read_record(path).checksum == Checksum.of("sha256", DIGEST)
            # nobody prunes it
            assert try_lock(lock_of(path)) is None
            if how == "badly":
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert everything(instances_path) == []


def test_one_lock_for_all_that_send_the_same(site: Site, instances_path: str) -> None:
    fetch(site, instances_path)
    before = locks(instances_path)
    fetch(site, instances_path, "/other")
    assert locks(instances_path) == before
    assert len(before) == 1


@pytest.mark.parametrize("how", ["cut", "refused"])
def test_a_failure_leaves_nothing(site: Site, instances_path: str, how: str) -> None:
    def refuse(head: object) -> None:
        if how == "refused":
            raise exceptions.ImageRejected(image="x", why="it is no good")

    site.cuts = [2 * MIB]
    # a version that is told too late changes nothing
    site.then = [{}, {"etag": '"one"', "cuts": [2 * MIB]}]
    with pytest.raises((exceptions.ImageUnavailable, exceptions.ImageRejected)):
        fetch(site, instances_path, look=refuse, options=ONCE)
    assert everything(instances_path) == []
    assert locks(instances_path) == []


def test_servers_of_one_content_share_a_base(site: Site, instances_path: str) -> None:
    bases = set()
    for _ in range(2):
        with held(site, instances_path) as path:
            bases.add(
                ensure_base(
                    path,
                    DiskFormat.RAW,
                    instances_path=instances_path,
                    server="alice",
                )
            )
    (base,) = bases
    # it is whole without the import
    assert pathlib.Path(base).read_bytes()[: len(CONTENT)] == CONTENT
    assert read_record(base).source == f"{site.url}/image"


def test_it_goes_when_others_are_done_with_it(site: Site, instances_path: str) -> None:
    with held(site, instances_path) as first:
        with held(site, instances_path) as second:
            assert second == first
        assert pathlib.Path(first).exists()
    assert everything(instances_path) == []


def test_one_that_others_hold_stays(site: Site, instances_path: str) -> None:
    first = held(site, instances_path)
    path = first.__enter__()
    with held(site, instances_path):
        first.__exit__(None, None, None)
        assert pathlib.Path(path).read_bytes() == CONTENT


def test_one_that_was_there_by_its_checksum_stays(
    site: Site, instances_path: str
) -> None:
    kept = fetch(site, instances_path, checksum=Checksum.of("sha256", DIGEST))
    assert fetch(site, instances_path) == kept
    assert pathlib.Path(kept).read_bytes() == CONTENT
    assert imports(instances_path) == [os.path.basename(kept)]
