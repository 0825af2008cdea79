# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.images import Head, Order, find_source
from nova_xen.images.cache.record import read_record
from nova_xen.images.sources.http import HttpSource
from nova_xen.model import MIB, Checksum, ImageOptions
from unit.web import Site, serving

CONTENT = random.Random(5).randbytes(3 * MIB + 77)  # noqa: S311
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nova_xen.images.sources.download.pause", lambda seconds: None)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site(CONTENT)) as site:
        yield site


def fetch(site: Site, instances_path: str, path: str = "/image", **order: Any) -> str:
    source = find_source(site.url + path, timeout=1)
    wanted = Order(instances_path=instances_path, server="alice", **order)
    with source.held(wanted) as found:
        return found


def imports(instances_path: str) -> list[str]:
    """Without the records beside them."""
    names = os.listdir(os.path.join(instances_path, "_imports"))
    return sorted(name for name in names if not name.endswith(".json"))


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


def test_without_a_version_nothing_is_believed_to_be_the_same(
    site: Site, instances_path: str
) -> None:
    site.etag = ""
    assert fetch(site, instances_path) != fetch(site, instances_path)


@pytest.mark.parametrize("named", ["etag", "last-modified"])
def test_a_cut_connection_is_gone_on_with(
    site: Site, instances_path: str, named: str
) -> None:
    if named == "last-modified":
        site.etag, site.last_modified = "", "Mon, 02 Mar 2026 10:00:00 GMT"
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
        fetch(site, instances_path, options=ImageOptions(attempts=1))
    if how == "changed":
        site.etag = '"two"'
    site.content = CONTENT
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT


def test_a_part_that_does_not_fit_is_fetched_anew(
    site: Site, instances_path: str
) -> None:
    """The server keeps its ETag and changes the bytes: only a checksum tells."""
    wanted = Checksum.of("sha256", DIGEST)
    site.content, site.cuts = bytes(len(CONTENT)), [2 * MIB]
    with pytest.raises(exceptions.ImageUnavailable):
        fetch(site, instances_path, checksum=wanted, options=ImageOptions(attempts=1))
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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"statuses": [404]}, "the server answered 404 Not Found"),
        ({"statuses": [401]}, "the server answered 401"),
        ({"redirects": {"/image": "/image"}}, "redirected more than 5 times"),
        ({"redirects": {"/image": "file:///etc/passwd"}}, "redirected to a file URL"),
        ({"redirects": {"/image": "ftp://host/x"}}, "redirected to a ftp URL"),
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


def test_a_silent_server_is_given_up(site: Site, instances_path: str) -> None:
    site.silent = True
    before = time.monotonic()
    with pytest.raises(exceptions.ImageUnavailable, match="timed out"):
        fetch(site, instances_path, options=ImageOptions(attempts=1))
    assert time.monotonic() - before < 4


def test_nobody_there() -> None:
    source = find_source("http://user:secret@127.0.0.1:1/image?token=secret")
    with pytest.raises(exceptions.ImageUnavailable, match="refused") as caught:
        source.peek()
    assert "secret" not in str(caught.value)
    assert "http://127.0.0.1:1/image?..." in str(caught.value)


@pytest.mark.parametrize("told", [True, False])
def test_too_large_an_image_is_refused(
    site: Site, instances_path: str, told: bool
) -> None:
    site.length = told
    with pytest.raises(exceptions.ImageRejected, match="image_limit_gib"):
        fetch(site, instances_path, options=ImageOptions(largest=2 * MIB))
    assert site.sent == [len(CONTENT)]
    parts = [name for name in imports(instances_path) if not name.endswith(".part")]
    assert parts == []


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


_FETCH = """
import sys
from nova_xen.images import Order, find_source
url, instances, announce = sys.argv[1:]
order = Order(instances_path=instances, server="alice",
              progress=lambda what, done: print(done, flush=True))
with find_source(url).held(order) as path:
    print(path, flush=True)
"""


def _process(site: Site, instances_path: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _FETCH, site.url + "/image", instances_path, ""],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_fetch_once(site: Site, instances_path: str) -> None:
    asking = [_process(site, instances_path) for _ in range(4)]
    told = [process.communicate(timeout=60)[0].splitlines()[-1] for process in asking]
    assert len(set(told)) == 1
    assert pathlib.Path(told[0]).read_bytes() == CONTENT
    # each asks for the version; one alone takes all bytes
    assert imports(instances_path) == [os.path.basename(told[0])]


@pytest.mark.parametrize("at", [0.4, 0.6, 0.9])
def test_a_killed_fetch_is_gone_on_with(
    site: Site, instances_path: str, at: float
) -> None:
    process = _process(site, instances_path)
    assert process.stdout is not None
    for line in process.stdout:
        if float(line) >= at:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (part,) = imports(instances_path)
    assert part.endswith(".image.part")
    have = os.path.getsize(os.path.join(instances_path, "_imports", part))
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert read_record(path).checksum == Checksum.of("sha256", DIGEST)
    expected = have if have < len(CONTENT) else 0
    assert site.starts()[-1] == expected
    assert imports(instances_path) == [os.path.basename(path)]


def _killed_part(site: Site, instances_path: str) -> pathlib.Path:
    site.cuts = [2 * MIB]
    with pytest.raises(exceptions.ImageUnavailable):
        fetch(site, instances_path, options=ImageOptions(attempts=1))
    (part,) = imports(instances_path)
    return pathlib.Path(instances_path, "_imports", part)


def test_after_a_restart_of_the_host_only_what_was_on_the_disk_counts(
    site: Site, instances_path: str
) -> None:
    part = _killed_part(site, instances_path)
    record = pathlib.Path(f"{part}.json")
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "boot": "another", "durable": 1000}))
    with part.open("r+b") as stream:
        stream.seek(1000)
        stream.write(bytes(1000))
    path = fetch(site, instances_path)
    assert site.starts()[-1] == 1000
    assert pathlib.Path(path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "record", ["", "{}", "[]", '{"version": 1, "durable": "x"}', '{"nonsense": 1}']
)
def test_a_part_of_which_nothing_is_known_is_not_gone_on_with(
    site: Site, instances_path: str, record: str
) -> None:
    part = _killed_part(site, instances_path)
    pathlib.Path(f"{part}.json").write_text(record)
    path = fetch(site, instances_path)
    assert site.starts()[-1] == 0
    assert pathlib.Path(path).read_bytes() == CONTENT


def test_a_part_that_is_all_there_is_not_fetched_again(
    site: Site, instances_path: str
) -> None:
    """Killed between the last byte and the new name."""
    part = _killed_part(site, instances_path)
    part.write_bytes(CONTENT)
    sent = len(site.sent)
    path = fetch(site, instances_path)
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert site.starts()[sent:] == [0]


def test_an_empty_image_is_told_as_such(site: Site, instances_path: str) -> None:
    site.content = b""
    path = fetch(site, instances_path)
    assert os.path.getsize(path) == 0


_WHOLE_WAY = """
import os, sys
from nova_xen.images import Order, find_source, make_disk
from nova_xen.model import DiskFormat, DiskKind, DiskPlan
url, instances, folder = sys.argv[1:]
print("begin", flush=True)
order = Order(instances_path=instances, server="alice")
with find_source(url).held(order) as path:
    plan = DiskPlan(kind=DiskKind.ROOT, path=folder + "/disk", format=DiskFormat.QCOW2,
                    size=8 * 1024**2, base=path, base_format=DiskFormat.RAW,
                    overlay=True)
    make_disk(plan, server="alice", instances_path=instances)
"""


def test_killed_at_any_moment_there_is_a_whole_file_or_none(
    site: Site, instances_path: str, tmp_path: pathlib.Path
) -> None:
    """From the first byte of the download to the last of the disk."""
    moment, ended, rounds = random.Random(3), 0, 0  # noqa: S311
    while not ended and rounds < 40:
        folder = tmp_path / "instances" / f"server{rounds}"
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-c", _WHOLE_WAY, site.url, instances_path, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moment.uniform(0, 0.25) * (1 + rounds))
        process.kill()
        process.communicate()
        whole = [CONTENT, CONTENT + bytes(-len(CONTENT) % 512)]
        for path in pathlib.Path(instances_path).glob("_*/*"):
            if path.suffix in (".image", ".raw") and not path.name.startswith("."):
                assert path.read_bytes() in whole
        ended, rounds = (folder / "disk").exists(), rounds + 1
    assert ended
    assert rounds > 1
    # the last one was killed or not when its disk had its name
    compare = ("qemu-img", "compare", "-f", "raw", "-F", "qcow2")
    told = subprocess.run(
        [*compare, fetch(site, instances_path, ""), str(folder / "disk")],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    ("url", "location", "following"),
    [
        ("http://a/x", "/y", "http://a/y"),
        ("http://a/x", "https://b/y", "https://b/y"),
        ("https://a/x", "//b/y", "https://b/y"),
        ("https://a/x", "http://a/x", "redirected from https to http"),
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
    _killed_part(site, instances_path)
    site.wrong_status = status
    with pytest.raises(exceptions.ImageUnavailable, match=f"answered {status}"):
        fetch(site, instances_path)
