# SPDX-License-Identifier: Apache-2.0
"""What the process that migrates tells, to readers that are slow or gone."""

import json
import os
from collections.abc import Iterator

import pytest

from nova_xen import exceptions
from nova_xen.cli.migrating import LONGEST, Channel
from nova_xen.migration.json import from_json
from nova_xen.model import MigrationProgress
from unit.cli.migrations import ID, make_progress


@pytest.fixture
def pipe() -> Iterator[tuple[int, Channel]]:
    reading, writing = os.pipe()
    yield reading, Channel(writing)
    os.close(reading)


def test_each_message_is_a_line(pipe: tuple[int, Channel]) -> None:
    reading, channel = pipe
    channel.progress(make_progress())
    channel.done(ID)
    first, second = os.read(reading, 2 * LONGEST).decode().splitlines()
    word, _, text = first.partition(" ")
    assert word == "progress"
    assert from_json(text, MigrationProgress) == make_progress()
    assert second == f'done "{ID}"'
    assert os.read(reading, 1) == b""


def test_a_reader_who_is_behind_is_not_waited_for(pipe: tuple[int, Channel]) -> None:
    reading, channel = pipe
    for second in range(10_000):
        channel.progress(make_progress(elapsed=float(second)))
    os.set_blocking(reading, False)
    lines = os.read(reading, 1 << 20).decode().splitlines()
    assert 0 < len(lines) < 10_000
    for line in lines:
        from_json(line.partition(" ")[2], MigrationProgress)


def test_a_reader_who_is_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    channel = Channel(writing)
    channel.progress(make_progress())
    channel.failed(exceptions.ServerNotFound(server="db"))


@pytest.mark.parametrize("details", [(), ("a", "b"), ("x" * 3000,), ("y" * 9,) * 99])
@pytest.mark.parametrize("server", ["db", "d\u00fc" * 3000])
def test_an_error_is_one_line_however_long(
    pipe: tuple[int, Channel], server: str, details: tuple[str, ...]
) -> None:
    reading, channel = pipe
    error = exceptions.ServerNotFound(server=server).with_details(details)
    channel.failed(error)
    line = os.read(reading, 2 * LONGEST)
    assert len(line) <= LONGEST
    word, _, text = line.decode().partition(" ")
    told = json.loads(text)
    assert word == "failed"
    assert error.sentence.startswith(told["sentence"])
    assert len(told["details"]) <= 5


def test_after_its_last_word_nothing_is_written(pipe: tuple[int, Channel]) -> None:
    """The number of a closed file may be another one's by then."""
    reading, channel = pipe
    channel.done(ID)
    assert os.read(reading, LONGEST) == f'done "{ID}"\n'.encode()
    other, writing = os.pipe()
    channel.warning("late")
    os.close(writing)
    assert os.read(other, 1) == b""
    os.close(other)
