# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 and xen2 up
"""A person moves a server with the command, in a terminal, and looks at its history."""

from __future__ import annotations

import re

from xen.conftest import Dom0
from xen.migration.conftest import METRICS, Pair
from xen.migration.ticks import goes_on

#: what the command writes to a terminal is kept, and the numbers of mid-copy with it
_WATCHED = """
numbers={metrics}
rm -f $numbers /root/t-copying /root/t-screen
asked='nova-xen server migrate --live --host {target} --wait {name}'
script -qefc "stty cols 160; $asked" /root/t-screen </dev/null >/dev/null 2>&1 &
while kill -0 $! 2>/dev/null; do
    cp $numbers /root/t-now 2>/dev/null
    grep -q 'state="copying",.* 1.0' /root/t-now 2>/dev/null &&
        mv /root/t-now /root/t-copying
    sleep 0.5
done
wait $!
"""
_PLOT = "/root/t-plot.svg"
#: looks may come twelve seconds apart on a host whose only processor copies
_RAM_MIB = 320


def number(text: str, name: str, uuid: str) -> float:
    """One of Prometheus's numbers about a server."""
    pattern = rf'^nova_xen_migration_{name}\{{.*uuid="{uuid}"\}} (\S+)$'
    (found,) = re.findall(pattern, text, re.MULTILINE)
    return float(found)


def drawn(host: Dom0) -> list[str]:
    """Each state of the line that the command drew, and what it wrote at the end."""
    return re.split(r"\r|\n|\x1b\[[0-9;]*[A-Za-z]", host.sh("cat /root/t-screen"))


def test_watched_in_a_terminal(clean: Pair) -> None:
    """The line goes on while it copies, and the same numbers are everywhere."""
    source, target = clean.hosts
    name = clean.create("watched", "pvh", ram=_RAM_MIB)
    source.sh(_WATCHED.format(metrics=METRICS, target=target.name, name=name))
    lines = [line for line in drawn(source) if f"{name} -> {target.name}: " in line]
    copying = [line for line in lines if ": copying," in line]
    assert len(copying) >= 3, lines
    assert re.search(r"copying, [\d.]+ s, [\d.]+ \w+ of about .* sent", copying[-1])
    assert any(re.search("B/s, (at least )?pass", line) for line in copying), lines
    assert clean.homes(name) == [target.name]
    assert goes_on(target, name)

    shown = source.told("migration", "show", name)
    listed = source.told("migration", "list")
    assert (listed[0]["ID"], listed[0]["State"]) == (shown["id"], "done")
    assert shown["bytes_sent"] > 64 * 1024**2
    assert 0 < shown["downtime"] < shown["elapsed"]

    uuid = shown["server_id"]
    while_copying = source.sh("cat /root/t-copying")
    afterwards = source.sh(f"cat {METRICS}")
    assert 0 < number(while_copying, "bytes_sent", uuid) <= shown["bytes_sent"]
    assert number(while_copying, "rate_bytes", uuid) > 0
    assert number(afterwards, "bytes_sent", uuid) == shown["bytes_sent"]
    assert number(afterwards, "downtime_seconds", uuid) == shown["downtime"]
    assert re.search(rf'state="done",uuid="{uuid}"\}} 1.0$', afterwards, re.MULTILINE)

    source.told("migration", "show", name, "--plot", _PLOT)
    plot = source.sh(f"cat {_PLOT}")
    assert "<svg" in plot
    assert name in plot
    assert clean.left_behind(name) == []
