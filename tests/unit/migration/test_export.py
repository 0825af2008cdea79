# SPDX-License-Identifier: Apache-2.0
"""The numbers that Prometheus reads follow a migration, to its end and beyond."""

import dataclasses
import pathlib
import time
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from nova_xen import exceptions
from nova_xen.model import MigrationState
from nova_xen.testing import Point
from nova_xen.testing.migration import Migration
from unit.migration.crashing import Killed
from unit.migration.hosts import Hosts

S = MigrationState
SECONDS = 30.0


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    for name, place in made.places.items():
        path = str(tmp_path / f"{name}.prom")
        place.options = dataclasses.replace(place.options, metrics_path=path)
    yield made
    made.close()


def told(hosts: Hosts, name: str = "xen1") -> tuple[str | None, dict[str, float]]:
    """The state that the file tells, and how many have ended in which."""
    path = hosts.places[name].options.metrics_path
    assert path is not None
    state, over = None, {}
    text = pathlib.Path(path).read_text()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.endswith("_state") and sample.value:
                state = sample.labels["state"]
            if sample.name.endswith("_ended_total") and sample.value:
                over[sample.labels["state"]] = sample.value
    return state, over


def wait_for(hosts: Hosts, state: MigrationState) -> None:
    end = time.monotonic() + SECONDS
    path = pathlib.Path(str(hosts.places["xen1"].options.metrics_path))
    while not path.exists() or told(hosts)[0] != state:
        assert time.monotonic() < end
        time.sleep(0.005)


def test_one_that_goes_well(hosts: Hosts) -> None:
    fake = hosts.places["xen1"].fake
    fake.at(Point.COPYING, lambda _: wait_for(hosts, S.COPYING))
    fake.at(Point.STOPPED, lambda _: wait_for(hosts, S.STOPPED))
    hosts.migrate("xen1")
    assert told(hosts) == ("done", {"done": 1.0})
    hosts.migrate("xen2")
    assert told(hosts, "xen2") == ("done", {"done": 1.0})


def test_one_that_fails(hosts: Hosts) -> None:
    def cut(migration: Migration) -> None:
        migration.cut()

    hosts.places["xen1"].fake.at(Point.COPYING, cut)
    with pytest.raises(exceptions.MigrationFailed):
        hosts.migrate("xen1")
    assert told(hosts) == ("failed", {"failed": 1.0})


def test_one_whose_process_died(hosts: Hosts) -> None:
    hosts.places["xen1"].fake.at(Point.COPYING, lambda _: hosts.crash.now())
    with pytest.raises(Killed):
        hosts.migrate("xen1")
    hosts.wait_for_calls()
    hosts.recover("xen1")
    assert told(hosts) == ("done", {"done": 1.0})


def test_a_file_that_cannot_be_written_hinders_nothing(
    hosts: Hosts, caplog: pytest.LogCaptureFixture
) -> None:
    place = hosts.places["xen1"]
    missing = str(place.folder / "none" / "x.prom")
    place.options = dataclasses.replace(place.options, metrics_path=missing)
    assert hosts.migrate("xen1").state is S.DONE
    assert "the numbers of its migration: [Errno 2]" in caplog.text
