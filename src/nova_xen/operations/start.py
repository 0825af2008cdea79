# SPDX-License-Identifier: Apache-2.0
"""Start a guest with its scheduler settings in force from the first instruction."""

from nova_xen.hypervisor import Guest


def start_guest(guest: Guest, cap: int | None) -> None:
    """Start ``guest``; a cap is set while it is still paused.

    libvirt's document has the credit scheduler's weight but not its cap, which libxl
    takes from a guest that exists and forgets with it.

    :param cap: percent of one CPU, None for no limit
    :raises HypervisorError: libxl failed
    """
    if cap is None:
        guest.start()
        return
    guest.start(paused=True)
    guest.set_scheduler(cap=cap)
    guest.resume()
