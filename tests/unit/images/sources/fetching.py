# SPDX-License-Identifier: Apache-2.0
"""An image on a server, and ways to fetch it."""

import contextlib
import hashlib
import os
import pathlib
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.images import Order, find_source
from nova_xen.model import MIB, ImageOptions
from unit.web import Site

CONTENT = random.Random(5).randbytes(3 * MIB + 77)  # noqa: S311
DIGEST = hashlib.sha256(CONTENT).hexdigest()
#: a server without another chance
ONCE = ImageOptions(attempts=1)


def held(
    site: Site, instances_path: str, path: str = "/image", **order: Any
) -> contextlib.AbstractContextManager[str]:
    source = find_source(site.url + path, timeout=1)
    return source.held(Order(instances_path=instances_path, server="alice", **order))


def fetch(site: Site, instances_path: str, path: str = "/image", **order: Any) -> str:
    with held(site, instances_path, path, **order) as found:
        return found


def everything(instances_path: str) -> list[str]:
    return sorted(os.listdir(os.path.join(instances_path, "_imports")))


def imports(instances_path: str) -> list[str]:
    """Without the records beside them."""
    return [name for name in everything(instances_path) if not name.endswith(".json")]


def locks(instances_path: str) -> list[str]:
    return sorted(os.listdir(os.path.join(instances_path, "locks")))


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def killed_part(site: Site, instances_path: str, at: int = 2 * MIB) -> pathlib.Path:
    """What a fetch leaves that was cut off."""
    site.cuts = [at]
    with pytest.raises(exceptions.ImageUnavailable):
        fetch(site, instances_path, options=ONCE)
    (part,) = imports(instances_path)
    return pathlib.Path(instances_path, "_imports", part)


_FETCH = """
import sys
from nova_xen.images import Order, find_source
url, instances, announce = sys.argv[1:]
order = Order(instances_path=instances, server="alice",
              progress=lambda what, done: print(done, flush=True))
with find_source(url).held(order) as path:
    print(path, flush=True)
"""


def process_that_fetches(site: Site, instances_path: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _FETCH, site.url + "/image", instances_path, ""],
        stdout=subprocess.PIPE,
        text=True,
    )
