# SPDX-License-Identifier: Apache-2.0
"""What the log tells, and what it never tells."""

import logging
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.images import Order, find_source
from nova_xen.model import Instance
from unit.cli.stub import Cli, StubDriver, create
from unit.web import Site, serving

#: of the commands' global options
LOUD = [("-v",), ("-v", "-v"), ("--debug",), ()]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr("nova_xen.images.sources.download.pause", lambda seconds: None)
    with serving(Site(b"image")) as site:
        yield site


class FetchingDriver(StubDriver):
    """Fetches the image, and refuses to go on."""

    def __init__(self, instances_path: pathlib.Path) -> None:
        super().__init__()
        self._instances_path = str(instances_path)

    def build_instance(self, request: Any, **options: Any) -> Instance:
        order = Order(instances_path=self._instances_path, server="web")
        with find_source(request.image).held(order):
            raise exceptions.ImageRejected(image="X", why="it was fetched")


@pytest.mark.parametrize("options", LOUD)
@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"statuses": [503, 503]},
        {"statuses": [404]},
        {"redirects": {"/image?token=hunter2": "/image?other=hunter2"}},
        # it warns of both, with the URL
        {"garbage": b"no header: \x01\r\n"},
        {"garbage": b"Transfer-Encoding: chunked\r\n"},
        {"cuts": [2]},
    ],
)
def test_no_secret_of_a_url_is_logged(
    site: Site, tmp_path: pathlib.Path, options: tuple[str, ...], answer: dict[str, Any]
) -> None:
    for name, value in answer.items():
        setattr(site, name, value)
    url = site.url.replace("//", "//user:hunter2@") + "/image?token=hunter2"
    log = tmp_path / "log"
    cli = Cli(FetchingDriver(tmp_path / "instances"))
    ended = cli("--log-file", str(log), *options, *create(image=url))
    assert ended.code == 1
    assert site.requests[0]["Authorization"]
    text = log.read_text()
    assert "nova_xen.cli" in text
    for told in (text, ended.err, ended.out):
        assert "hunter2" not in told


def test_a_url_is_logged_without_its_secrets(
    site: Site, tmp_path: pathlib.Path
) -> None:
    site.statuses = [503]
    log = tmp_path / "log"
    cli = Cli(FetchingDriver(tmp_path / "instances"))
    cli("--log-file", str(log), *create(image=f"{site.url}/image?token=hunter2"))
    told = f"Image {site.url}/image?...: the server answered 503 Service Unavailable"
    assert f"INFO nova_xen.images.sources.download {told}" in log.read_text()


@pytest.mark.parametrize("name", ["urllib3", "urllib3.connection", "requests.x"])
def test_other_loggers_are_heard(
    cli: Cli, driver: StubDriver, tmp_path: pathlib.Path, name: str
) -> None:
    """Whatever their own levels are."""
    log = tmp_path / "log"
    cli("--log-file", str(log), "--debug", "server", "list")
    logging.getLogger(name).error("hunter2")
    logging.getLogger("libvirt").debug("of libvirt")
    logging.getLogger("urllib3000").debug("of another")
    text = log.read_text()
    assert "of libvirt" in text
    assert "of another" in text
    assert "hunter2" not in text
