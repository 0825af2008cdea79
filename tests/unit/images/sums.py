# SPDX-License-Identifier: Apache-2.0
"""The sums that are made in the background after a base was made."""

import threading

from nova_xen.images.cache import digest

#: seconds; they have the lowest priority, and the host may have much else to do
_LONGEST = 120


def finish_sums() -> None:
    """Wait for all of them: a base is not removed while one is made of it."""
    for thread in threading.enumerate():
        if thread.name == digest._THREAD:
            thread.join(_LONGEST)
            assert not thread.is_alive()
