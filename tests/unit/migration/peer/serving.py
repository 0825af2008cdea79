# SPDX-License-Identifier: Apache-2.0
"""The destination's program over a fake host: ``serving.py STATE_PATH [SILENCE]``."""

import logging
import sys

from nova_xen.migration.peer.serve import serve
from nova_xen.model import XenDomain
from unit.migration.peer.scene import NAME, UUID, Scene


def main(state_path: str, silence: str = "60") -> None:
    """Serve until the input ends."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s")
    scene = Scene(state_path)
    scene.run()
    scene.toolstack.all[9] = XenDomain(domid=9, name=NAME, uuid=UUID, paused=True)
    serve(scene.peer, 0, 1, silence=float(silence))


if __name__ == "__main__":
    main(*sys.argv[1:])
