# SPDX-License-Identifier: Apache-2.0
"""Several that want one image at once."""

import os
import pathlib
import threading

import pytest

from nova_xen.images.cache.store import lock_of
from nova_xen.images.files.lock import locked
from nova_xen.model import MIB
from unit.images.sources.fetching import (
    CONTENT,
    fetch,
    imports,
    process_that_fetches,
    wait_until,
)
from unit.web import Site


def test_one_process_alone_takes_the_bytes(site: Site, instances_path: str) -> None:
    site.content = CONTENT * 4
    asking = [process_that_fetches(site, instances_path) for _ in range(4)]
    told = [process.communicate(timeout=60)[0].splitlines()[-1] for process in asking]
    assert len(set(told)) == 1
    assert pathlib.Path(told[0]).read_bytes() == site.content
    assert imports(instances_path) == [os.path.basename(told[0])]
    # each asks for the version
    wait_until(lambda: len(site.written) == 4)
    assert len(site.requests) == 4
    *others, one = sorted(site.written)
    assert one == len(site.content)
    assert max(others) < 2 * MIB


@pytest.mark.parametrize("there", [True, False])
def test_whoever_waits_holds_no_connection(
    site: Site, instances_path: str, there: bool
) -> None:
    """Then it takes what came meanwhile, or fetches what did not come."""
    path = pathlib.Path(fetch(site, instances_path))
    path.unlink()
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.append(fetch(site, instances_path)))
    with locked(lock_of(str(path))):
        waiting.start()
        wait_until(lambda: len(site.written) == 2)
        assert site.written[1] < len(CONTENT)
        assert waiting.is_alive()
        if there:
            path.write_bytes(CONTENT)
    waiting.join(20)
    assert found == [str(path)]
    assert path.read_bytes() == CONTENT
    assert len(site.requests) == (2 if there else 3)
