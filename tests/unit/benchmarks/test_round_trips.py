# SPDX-License-Identifier: Apache-2.0
"""How many libvirt calls operations make: a contract, since each may take long."""

from collections import Counter
from pathlib import Path

import pytest
from benchmarks import round_trips
from benchmarks.round_trips import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    built = Rig.build(tmp_path)
    built.driver.list_servers()  # opens the connection
    return built


@pytest.mark.parametrize("servers", [0, 1, 10, 100])
def test_a_list_asks_twice_and_once_more_for_each_server_that_runs(
    rig: Rig, servers: int
) -> None:
    calls = round_trips.count_list(rig, servers)

    assert calls == Counter({"listAllDomains": 2, "XMLDesc": servers})


def test_a_server_that_is_off_costs_a_second_question(rig: Rig) -> None:
    calls = round_trips.count_list(rig, 10, running=False)

    assert calls == {"listAllDomains": 2, "XMLDesc": 10, "state": 10}


def test_the_connection_counts_what_the_host_is_asked(rig: Rig) -> None:
    rig.connection.calls.clear()

    counts = round_trips.count_operations(rig)

    seen_by_host = sum(counts.values(), Counter())
    assert seen_by_host == rig.connection.calls


def test_each_operation_changes_something_once(rig: Rig) -> None:
    counts = round_trips.count_operations(rig)

    changes = {
        "spawn": {"defineXMLFlags": 1, "createWithFlags": 1},
        "show": {},
        "reboot": {"reboot": 1},
        "stop": {"shutdown": 1},
        "start": {"createWithFlags": 1},
        "delete": {"destroy": 1, "undefineFlags": 1},
    }
    changing = {name for each in changes.values() for name in each}
    found = {
        operation: {name: n for name, n in calls.items() if name in changing}
        for operation, calls in counts.items()
    }
    assert found == changes
