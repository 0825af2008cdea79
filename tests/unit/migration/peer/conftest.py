# SPDX-License-Identifier: Apache-2.0
import pathlib
from collections.abc import Iterator

import pytest

from unit.migration.peer.scene import Scene


@pytest.fixture
def scene(tmp_path: pathlib.Path) -> Iterator[Scene]:
    made = Scene(str(tmp_path / "state"))
    yield made
    made.peer.close()
    made.host.connection.close()
