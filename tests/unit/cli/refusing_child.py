# SPDX-License-Identifier: Apache-2.0
"""The product's driver on a host in memory, the same one in each process.

Its peer is a program that fails as ssh does when it knows no such host.
"""

import pathlib
import sys

from nova_xen import config
from nova_xen.cli import migrating
from nova_xen.driver import LibvirtDriver
from nova_xen.hypervisor import Connection
from nova_xen.model import PlanOptions
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost
from unit.migration.hosts import UUID, document

PEER = "ssh: Could not resolve hostname %s: Name or service not known"
OFF = "5a1e2d3c-0000-4000-8000-000000000002"


def make_driver(folder: pathlib.Path) -> LibvirtDriver:
    """With the servers ``web``, which runs, and ``off``."""
    kernel = folder / "vmlinuz"
    kernel.touch()
    conf = folder / "conf"
    conf.write_text(
        f"[xen]\nmigration_state_path = {folder}/state\n"
        f"""migration_peer_command = sh -c 'echo "{PEER}" >&2; exit 255'\n"""
    )
    fake = FakeHost("xen1")
    connection = fake.connect()
    connection.defineXML(document(str(kernel), UUID, "web")).create()
    connection.defineXML(document(str(kernel), OFF, "off"))
    host = Host(
        connection=Connection(opener=lambda uri: fake.connect()),
        options=PlanOptions(instances_path=str(folder)),
    )
    return LibvirtDriver(config.load([str(conf)]), host=host)


def child_command(folder: pathlib.Path) -> tuple[str, ...]:
    """What starts the process, in place of the product's."""
    return (sys.executable, "-P", "-m", "unit.cli.refusing_child", str(folder))


if __name__ == "__main__":
    _, folder_, launch = sys.argv
    sys.exit(
        migrating.main(
            [launch], opener=lambda _files, _uri: make_driver(pathlib.Path(folder_))
        )
    )
