# SPDX-License-Identifier: Apache-2.0
"""Start a guest with its scheduler settings in force from the first instruction."""

from nova_xen import exceptions
from nova_xen.domain import Domain
from nova_xen.hypervisor import Guest
from nova_xen.operations.saved import forget_saved
from nova_xen.operations.steps import Step
from nova_xen.planning.cpu import cap_percent


def cap_of(domain: Domain) -> int | None:
    """The scheduler's cap that a server's flavor asks for, read back from metadata."""
    if domain.instance is None:
        return None
    specs = {spec.name: spec.value for spec in domain.instance.flavor.extra_specs}
    return cap_percent(specs, domain.vcpus)


def start_guest(guest: Guest, cap: int | None) -> None:
    """Boot ``guest`` anew; a cap is set while it is still paused.

    libvirt's document has the credit scheduler's weight but not its cap, which libxl
    takes from a guest that exists and forgets with it.

    :param cap: percent of one CPU, None for no limit
    :raises HypervisorError: libxl failed
    :raises SaveFolderFailed: memory that is not the guest's any more cannot be removed
    """
    forget_saved(guest)
    if cap is None:
        guest.start()
        return
    guest.start(paused=True)
    let_run(guest, cap)


def let_run(guest: Guest, cap: int | None) -> None:
    """Let a guest run that was started paused, limited to ``cap``."""
    if cap is not None:
        guest.set_scheduler(cap=cap)
    guest.resume()


class Starting:
    """The step that boots a guest anew; its undo ends no guest that others started."""

    def __init__(self, guest: Guest, cap: int | None) -> None:
        self._guest = guest
        self._cap = cap
        self._ours = True

    def step(self) -> Step:
        """To be done last."""
        return Step("start it", self._start, self._stop)

    def _start(self) -> None:
        try:
            start_guest(self._guest, self._cap)
        except exceptions.WrongState:
            self._ours = False
            raise

    def _stop(self) -> None:
        if self._ours:
            self._guest.destroy()
