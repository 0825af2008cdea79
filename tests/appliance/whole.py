# SPDX-License-Identifier: Apache-2.0
"""Whether all that a server is told is in its guest."""

from __future__ import annotations

import json

from appliance.disks import Ext4, run
from appliance.servers import KEY, PASSWORD


def verify(hashed: str) -> None:
    """The password fits the hash, says the system's own Perl."""
    script = "print crypt($ARGV[0], $ARGV[1])"
    assert run("perl", "-e", script, PASSWORD, hashed) == hashed


def expect_whole(guest: Ext4, prefix: str) -> None:
    """All of WHOLE is there, as it should be."""
    assert guest.read("/etc/hostname") == "web1\n"
    assert guest.read("/etc/motd") == "hello\n"
    assert json.loads(guest.read("/meta.js")) == {"role": "web"}
    assert guest.read("/root/.ssh/authorized_keys") == f"{KEY}\n"
    assert guest.status("/root/.ssh") == ("directory", 0o700, 0, 0)
    assert guest.status("/root/.ssh/authorized_keys") == ("regular", 0o600, 0, 0)
    assert guest.status("/srv/new/run") == ("regular", 0o750, 0, 0)
    assert guest.status("/srv/new") == ("directory", 0o755, 0, 0)
    assert guest.status("/etc/shadow") == ("regular", 0o640, 0, 42)
    line = guest.read("/etc/shadow").splitlines()[0].split(":")
    assert line[1].startswith(prefix)
    verify(line[1])
    guest.check()
