# SPDX-License-Identifier: Apache-2.0
"""What several operations ask first: the server's state, and to be alone with it."""

import contextlib
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.hypervisor import Guest
from nova_xen.images import hold_server
from nova_xen.model import PowerState
from nova_xen.operations.host import Host


def wrong_state(
    name: str, action: str, state: PowerState, advice: str
) -> exceptions.WrongState:
    """The refusal of an action that does not fit what the server is doing."""
    return exceptions.WrongState(
        server=name, action=action, state=state.value, advice=advice
    )


@contextlib.contextmanager
def alone(host: Host, guest: Guest, action: str) -> Iterator[None]:
    """Keep other processes from starting, saving and removing the server meanwhile.

    libvirt keeps single calls apart. What happens to files of saved memory between two
    of them is nobody else's business either.

    :param action: what is to be done, as "started"
    :raises ServerBusy: another process does such a thing
    """
    with hold_server(host.options.instances_path, guest.uuid) as free:
        if not free:
            raise exceptions.ServerBusy(
                server=guest.name, action=action, who="another command"
            )
        yield
