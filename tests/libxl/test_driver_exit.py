# SPDX-License-Identifier: Apache-2.0
"""A process that ends while libvirt's event loop runs ends as it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from libxl.rig.daemon import Daemon

#: what is registered first at exit runs last, after the driver's own
PROGRAM = """
import atexit
import sys
from libxl.hosts import open_driver
from nova_xen.hypervisor import EventLoop
from pathlib import Path
atexit.register(lambda: print("the loop runs:", EventLoop.shared().running))
driver = open_driver(sys.argv[1], Path(sys.argv[2]))
driver.list_servers()
driver.register_event_listener(print)
driver.list_servers()
sys.exit(3)
"""


def test_exit_under_the_event_loop(xen1: Daemon, tmp_path: Path) -> None:
    tests = Path(__file__).parents[1]
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, xen1.uri, str(tmp_path)],
            env={"PYTHONPATH": str(tests), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 3, done.stderr
        assert done.stdout.endswith("the loop runs: False\n")
