# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator

import pytest

from unit.images.sources.fetching import CONTENT
from unit.web import Site, serving


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nova_xen.images.sources.download.pause", lambda seconds: None)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site(CONTENT)) as site:
        yield site
