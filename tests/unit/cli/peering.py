# SPDX-License-Identifier: Apache-2.0
"""``nova-xen migration peer`` over a fake host, with a driver that prints."""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import cast

from nova_xen.cli.app import NovaXen
from nova_xen.cli.migration_peer import MigrationPeer
from nova_xen.cli.session import Driver
from nova_xen.exceptions import InvalidConfig
from nova_xen.migration.peer.local import LocalPeer
from unit.migration.peer.scene import Scene


class Printing:
    """A driver that litters standard output, and reads standard input."""

    def __init__(self, state_path: str) -> None:
        self._scene = Scene(state_path)

    def migration_peer(self) -> LocalPeer:
        print("printed by a library", flush=True)
        os.write(1, b"written to the descriptor\n")
        subprocess.run(["sh", "-c", "echo said by a program; cat"], check=True)
        return self._scene.peer


def open_driver(files: Sequence[str], _connection: str | None) -> Driver:
    """The driver for the only file that is named, its state path."""
    if not files:
        raise InvalidConfig(option="[xen] x", why="it is wrong", source="the test")
    return cast(Driver, Printing(files[0]))


def main(*argv: str) -> int:
    """Run the command."""
    app = NovaXen(opener=open_driver)
    app.command_manager.add_command("migration peer", MigrationPeer)
    return int(app.run([*argv, "migration", "peer"]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
