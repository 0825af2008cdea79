# SPDX-License-Identifier: Apache-2.0
import email.utils
import hashlib
import os
import pathlib
import time

import pytest

from nova_xen import exceptions
from nova_xen.images import Head, find_source
from nova_xen.images.cache.record import read_record
from nova_xen.model import MIB, Checksum, ImageOptions
from unit.images.sources.fetching import (
    CONTENT,
    DIGEST,
    ONCE,
    everything,
    fetch,
    held,
    imports,
)
from unit.web import Site


def test_an_image_comes_whole_with_its_checksum(
    site: Site, instances_path: str
) -> None:
    told: list[float] = []
    path = fetch(site, instances_path, progress=lambda what, done: told.append(done))
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert read_record(path).checksum == Checksum.of("sha256", DIGEST)
    assert imports(instances_path) == [os.path.basename(path)]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_second_one_asks_and_fetches_nothing(
    site: Site, instances_path: str
) -> None:
    first = fetch(site, instances_path)
    assert fetch(site, instances_path) == first
    assert len(site.requests) == 2
    site.etag, site.content = '"two"', b"another" * 1000
    second = fetch(site, instances_path)
    assert second != first
    assert pathlib.Path(second).read_bytes() == site.content


def test_with_a_checksum_the_second_one_asks_nobody(
    site: Site, instances_path: str
) -> None:
    wanted = Checksum.of("sha512", hashlib.sha512(CONTENT).hexdigest())
    first = fetch(site, instances_path, checksum=wanted)
    assert fetch(site, instances_path, "/elsewhere", checksum=wanted) == first
    assert len(site.requests) == 1
    assert read_record(first).checksum == wanted


@pytest.mark.parametrize("named", ["etag", "last-modified"])
def test_a_cut_connection_is_gone_on_with(
    site: Site, instances_path: str, named: str
) -> None:
    if named == "last-modified":
        site.etag, site.last_modified = "", email.utils.formatdate(0, usegmt=True)
        site.headers = {"ETag": 'W/"weak"'}
    site.cuts = [2 * MIB, 500_000]
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT
    first, second, third = site.starts()
    assert first == 0
    assert MIB <= second <= 2 * MIB
    assert second <= third
    assert read_record(path).checksum == Checksum.of("sha256", DIGEST)


@pytest.mark.parametrize("how", ["no ranges", "changed", "no version"])
def test_what_cannot_be_gone_on_with_starts_anew(
    site: Site, instances_path: str, how: str
) -> None:
    site.ranges = how != "no ranges"
    site.etag = "" if how == "no version" else site.etag
    site.cuts, site.content = [2 * MIB], bytes(len(CONTENT))
    with pytest.raises(exceptions.ImageUnavailable):
        fetch(site, instances_path, options=ONCE)
    if how == "changed":
        site.etag = '"two"'
    site.content = CONTENT
    with held(site, instances_path) as path:
        assert pathlib.Path(path).read_bytes() == CONTENT


def test_a_part_that_does_not_fit_is_fetched_anew(
    site: Site, instances_path: str
) -> None:
    """The server keeps its ETag and changes the bytes: only a checksum tells."""
    wanted = Checksum.of("sha256", DIGEST)
    site.content, site.cuts = bytes(len(CONTENT)), [2 * MIB]
    with pytest.raises(exceptions.ImageUnavailable):
        fetch(site, instances_path, checksum=wanted, options=ONCE)
    site.content = CONTENT
    path = fetch(site, instances_path, checksum=wanted)
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert site.starts()[1] > 0
    assert site.starts()[2] == 0


def test_wrong_bytes_are_refused_and_not_kept(site: Site, instances_path: str) -> None:
    wanted = Checksum.of("sha256", "0" * 64)
    with pytest.raises(exceptions.ImageRejected, match=f"its checksum is {DIGEST} and"):
        fetch(site, instances_path, checksum=wanted)
    assert os.listdir(os.path.join(instances_path, "_imports")) == []


def test_failures_that_pass_are_waited_for(site: Site, instances_path: str) -> None:
    site.statuses = [503, 500, 429]
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT


def test_failures_in_a_row_without_a_byte_end_it(
    site: Site, instances_path: str
) -> None:
    site.statuses = [503] * 9
    with pytest.raises(
        exceptions.ImageUnavailable, match=r"answered 503 .*3 times in a row"
    ):
        fetch(site, instances_path, options=ImageOptions(attempts=3))
    assert len(site.requests) == 3


def test_each_step_forward_gives_new_attempts(site: Site, instances_path: str) -> None:
    site.cuts = [MIB + n for n in (1, 2, 3, 4, 5, 6)]
    path = fetch(site, instances_path, options=ImageOptions(attempts=2))
    assert pathlib.Path(path).read_bytes() == CONTENT


def test_a_silent_server_is_given_up(site: Site, instances_path: str) -> None:
    site.silent = True
    before = time.monotonic()
    with pytest.raises(exceptions.ImageUnavailable, match="timed out"):
        fetch(site, instances_path, options=ONCE)
    assert time.monotonic() - before < 4


def test_nobody_there() -> None:
    source = find_source("http://user:secret@127.0.0.1:1/image?token=secret")
    with pytest.raises(exceptions.ImageUnavailable, match="refused") as caught:
        source.peek()
    assert "secret" not in str(caught.value)
    assert "http://127.0.0.1:1/image?..." in str(caught.value)


def test_an_empty_image_is_told_as_such(site: Site, instances_path: str) -> None:
    site.content = b""
    path = fetch(site, instances_path)
    assert os.path.getsize(path) == 0


@pytest.mark.parametrize("told", [True, False])
def test_too_large_an_image_is_refused(
    site: Site, instances_path: str, told: bool
) -> None:
    site.length = told
    with pytest.raises(exceptions.ImageRejected, match="image_limit_gib"):
        fetch(site, instances_path, options=ImageOptions(largest=2 * MIB))
    assert site.sent == [len(CONTENT)]
    assert everything(instances_path) == []


def test_the_beginning_is_judged_before_anything_is_written(
    site: Site, instances_path: str
) -> None:
    seen: list[Head] = []

    def refuse(head: Head) -> None:
        seen.append(head)
        raise exceptions.ImageRejected(image="x", why="it is no good")

    with pytest.raises(exceptions.ImageRejected, match="no good"):
        fetch(site, instances_path, look=refuse)
    assert seen == [Head(CONTENT[:MIB], len(CONTENT))]
    assert imports(instances_path) == []


def test_credentials_of_the_url_alone_are_sent(
    site: Site,
    instances_path: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login root password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    fetch(site, instances_path)
    assert "Authorization" not in site.requests[0]
    site.url = site.url.replace("//", "//me:s%20cret@")
    fetch(site, instances_path, "/other")
    assert site.requests[1]["Authorization"] == "Basic bWU6cyBjcmV0"
