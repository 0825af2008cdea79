# SPDX-License-Identifier: Apache-2.0
"""A process that works on a server and dies by SIGKILL once a step is done.

Run as a program, in an interpreter of its own: a fork would inherit the locks that
libvirt's threads held at that moment, and wait for them for ever.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from libxl.hosts import make_plan, open_driver
from nova_xen.model import VolumeRequest
from nova_xen.operations import delete, devices, resume, spawn
from nova_xen.operations.steps import Step


def _dying(module: Any, name: str) -> None:
    """Make ``module`` die by SIGKILL as soon as the step ``name`` is done."""
    whole = module.run_steps

    def run(server: str, action: str, steps: list[Step], *rest: Any) -> None:
        def die() -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        cut = []
        for step in steps:
            cut.append(step)
            if step.name == name:
                cut.append(Step("die", die))
        whole(server, action, cut, *rest)

    module.run_steps = run


def main(uri: str, folder: Path, work: str, step: str, saves: str) -> None:
    """Work on the server "web" until ``step`` is done.

    :param saves: libvirt's folder of saved memory
    """
    driver = open_driver(uri, folder, save_folder=saves or None)
    if work == "resume":
        _dying(resume, step)
        driver.resume("web")
    elif work == "spawn":
        _dying(spawn, step)
        driver.spawn(make_plan(driver, folder))
    elif work == "attach":
        _dying(devices, step)
        path = str(folder / "volume.raw")
        driver.attach_volume("web", VolumeRequest(path=path))
    else:
        _dying(delete, step)
        driver.destroy("web")
    sys.exit(f"the step {step} was never reached")


if __name__ == "__main__":
    _, uri_, folder_, work_, step_, saves_ = sys.argv
    main(uri_, Path(folder_), work_, step_, saves_)
