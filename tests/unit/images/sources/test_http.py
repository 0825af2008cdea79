# SPDX-License-Identifier: Apache-2.0
"""What servers answer, and what comes of it."""

import email.utils
import gzip
import pathlib
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.images.sources.http import HttpSource
from nova_xen.model import MIB, Checksum
from unit.images.sources.fetching import (
    CONTENT,
    DIGEST,
    ONCE,
    everything,
    fetch,
    held,
    imports,
    killed_part,
    wait_until,
)
from unit.web import Site


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"statuses": [404]}, "the server answered 404 Not Found; check the URL"),
        ({"statuses": [401]}, "answered 401 Unauthorized; check the user, the pass"),
        ({"statuses": [418]}, "answered 418 I'm a Teapot; check the URL, or ask"),
        ({"redirects": {"/image": "/image"}}, "more than 5 times; give the URL of"),
        ({"redirects": {"/image": "file:///x"}}, "to a file URL; give the URL of"),
        ({"redirects": {"/image": "ftp://host/x"}}, "redirected to a ftp URL"),
        ({"redirects": {"/image": "//[::1/x"}}, "redirected to a malformed URL"),
        ({"redirects": {"/image": "http://h:port/"}}, "redirected to a malformed"),
    ],
)
def test_refusals_of_the_server(
    site: Site, instances_path: str, change: dict[str, Any], words: str
) -> None:
    for name, value in change.items():
        setattr(site, name, value)
    with pytest.raises(exceptions.ImageUnavailable, match=words):
        fetch(site, instances_path)
    assert imports(instances_path) == []


def test_a_redirection_is_followed(site: Site, instances_path: str) -> None:
    site.redirects = {"/image": "/there", "/there": site.url + "/other"}
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("url", "location", "following"),
    [
        ("http://a/x", "/y", "http://a/y"),
        ("http://a/x", "https://b/y", "https://b/y"),
        ("https://a/x", "//b/y", "https://b/y"),
        ("https://a/x", "http://a/x", "redirected from https to http"),
        ("HTTPS://a/x", "http://a/x", "redirected from https to http"),
        ("http://a/x", "", "redirected to a missing URL"),
        ("http://a/x", "gopher://a", "redirected to a gopher URL"),
    ],
)
def test_where_a_redirection_leads(url: str, location: str, following: str) -> None:
    source = HttpSource(url)
    if following.startswith("http"):
        assert source.following(url, location) == following
        return
    with pytest.raises(exceptions.ImageUnavailable, match=following):
        source.following(url, location)


@pytest.mark.parametrize("status", [206, 416, 204, 300])
@pytest.mark.parametrize("content_range", ["", "bytes 5-9/10", "nonsense"])
def test_answers_that_make_no_sense(
    site: Site, instances_path: str, status: int, content_range: str
) -> None:
    """To a request for the whole, and to one for what is missing."""
    site.wrong_status, site.wrong = status, {"Content-Range": content_range}
    with pytest.raises(exceptions.ImageUnavailable, match=f"answered {status}"):
        fetch(site, instances_path)
    site.wrong_status = 0
    killed_part(site, instances_path)
    site.wrong_status = status
    with pytest.raises(exceptions.ImageUnavailable, match=f"answered {status}"):
        fetch(site, instances_path)


@pytest.fixture
def _watched_memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("_watched_memory")
@pytest.mark.parametrize("packed", [True, False])
def test_what_a_redirection_has_to_say_is_not_read(site: Site, packed: bool) -> None:
    """256 MiB in 256 KiB of gzip, or 64 MiB as they are."""
    site.redirects = {"/image": "/there"}
    site.redirect_body = bytes(64 * MIB)
    if packed:
        site.redirect_body = gzip.compress(bytes(16 * MIB)) * 16
        site.redirect_headers = {"Content-Encoding": "gzip"}
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    assert HttpSource(site.url + "/image").peek().start == CONTENT[:MIB]
    _, peak = tracemalloc.get_traced_memory()
    assert peak - before < 16 * MIB
    wait_until(lambda: len(site.written) == 2)
    assert min(site.written) < 4 * MIB


@pytest.mark.parametrize("told", ["length", "chunks"])
def test_an_early_end_is_noticed(site: Site, instances_path: str, told: str) -> None:
    site.length = told == "length"
    site.cuts = [2 * MIB]
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert len(site.requests) == 2


def test_where_no_end_is_told_a_checksum_is_wanted(
    site: Site, instances_path: str
) -> None:
    site.endless = True
    with pytest.raises(exceptions.ImageUnavailable, match="--image-checksum"):
        fetch(site, instances_path)
    assert everything(instances_path) == []
    checksum = Checksum.of("sha256", DIGEST)
    site.cuts = [2 * MIB]
    with pytest.raises(exceptions.ImageRejected, match=f"declared to be {DIGEST}"):
        fetch(site, instances_path, checksum=checksum)
    path = fetch(site, instances_path, checksum=checksum)
    assert pathlib.Path(path).read_bytes() == CONTENT


NOON = 12 * 3600


@pytest.mark.parametrize(
    ("date", "named"),
    [
        (email.utils.formatdate(NOON + 60, usegmt=True), True),
        (email.utils.formatdate(NOON + 59, usegmt=True), False),
        (email.utils.formatdate(NOON - 60, usegmt=True), False),
        ("", False),
        ("today", False),
        ("Thu, 01 Jan 1970 13:00:00 -0000", False),
    ],
)
def test_a_time_of_change_names_the_content_when_it_is_past(
    site: Site, instances_path: str, date: str, named: bool
) -> None:
    """Within its second, or with another clock, the content could change again."""
    site.etag = ""
    site.last_modified = email.utils.formatdate(NOON, usegmt=True)
    site.date = date
    site.then = [{"content": bytes(len(CONTENT))}, {"content": CONTENT}]
    fetch(site, instances_path)
    with held(site, instances_path) as path:
        seen = pathlib.Path(path).read_bytes()
    assert seen == (bytes(len(CONTENT)) if named else CONTENT)


def test_a_range_out_of_all_bounds(site: Site) -> None:
    site.wrong_status = 206
    site.wrong = {"Content-Range": f"bytes 5-9/{'9' * 5000}"}
    with pytest.raises(exceptions.ImageUnavailable, match="answered 206"):
        HttpSource(site.url + "/image").peek()


def test_a_kind_of_url_without_end_is_cut(site: Site) -> None:
    site.redirects = {"/image": "x" * 5000 + "://a"}
    with pytest.raises(exceptions.ImageUnavailable) as caught:
        HttpSource(site.url + "/image").peek()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@.a./x?token=hunter2",
        "http://user:hunter2@a:99999/x?token=hunter2",
        f"http://user:hunter2@{'a' * 70}.b/x?token=hunter2",
        "http://user:hunter2\u2026@127.0.0.1:1/x?token=hunter2",
    ],
)
def test_what_requests_complains_of_is_not_repeated(url: str) -> None:
    with pytest.raises(exceptions.ImageUnavailable, match=r"; check the URL") as caught:
        HttpSource(url).peek()
    assert "hunter2" not in str(caught.value)


def test_whoever_may_try_again_is_told_so(site: Site, instances_path: str) -> None:
    site.statuses = [503] * 2
    with pytest.raises(exceptions.ImageUnavailable, match=r"; try again later\.$"):
        HttpSource(site.url + "/image").peek()
    with pytest.raises(exceptions.ImageUnavailable, match=r"; try again later\.$"):
        fetch(site, instances_path, options=ONCE)
    site.cuts = [2 * MIB]
    with pytest.raises(exceptions.ImageUnavailable, match="has come is gone on with"):
        fetch(site, instances_path, options=ONCE)
