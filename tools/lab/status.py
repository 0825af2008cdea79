# SPDX-License-Identifier: Apache-2.0
"""What `xenlab status` prints."""

import json
from typing import TypedDict

from lab import qemu
from lab.hosts import Lab
from lab.settings import HOSTS, Host


class Row(TypedDict):
    """One host; the JSON form prints these as they are."""

    name: str
    state: str
    pid: int | None
    suite: str | None
    cpu: str | None
    image: str | None
    address: str
    ssh_port: int
    libvirt_port: int
    libvirt_uri: str
    ssh_key: str
    console_log: str


def rows(lab: Lab) -> list[Row]:
    """A row for each host of the lab, running or not."""
    return [_row(lab, host) for host in HOSTS]


def _row(lab: Lab, host: Host) -> Row:
    machine, record = lab.machine(host), lab.record(host)
    pid = qemu.pid(machine)
    state = "stopped" if pid is None else "ready" if lab.ready(host) else "starting"
    return Row(
        name=host.name,
        state=state,
        pid=pid,
        suite=record.suite if record else None,
        cpu=record.cpu if record else None,
        image=record.image if record else None,
        address=host.address,
        ssh_port=host.ssh_port,
        libvirt_port=host.libvirt_port,
        libvirt_uri=host.libvirt_uri,
        ssh_key=str(lab.ssh(host).key),
        console_log=str(machine.console),
    )


def as_text(found: list[Row]) -> str:
    """A line for each host."""
    return "\n".join(
        f"{row['name']}  {row['state']:8}  {row['suite'] or '-':8}  "
        f"ssh 127.0.0.1:{row['ssh_port']}  {row['libvirt_uri']}  "
        f"inside {row['address']}"
        for row in found
    )


def as_json(found: list[Row]) -> str:
    """A JSON array with an object for each host."""
    return json.dumps(found, indent=2)
