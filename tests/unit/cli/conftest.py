# SPDX-License-Identifier: Apache-2.0
import logging
from collections.abc import Iterator

import pytest

from unit.cli.stub import Cli, StubDriver, make_server


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers, root.level = handlers, level


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def driver() -> StubDriver:
    return StubDriver(make_server("db", 1), make_server("web1", 2))


@pytest.fixture
def cli(driver: StubDriver) -> Cli:
    return Cli(driver)
