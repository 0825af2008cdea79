# SPDX-License-Identifier: Apache-2.0
"""The console log of a server."""

import os
import time
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.hypervisor import console_log_dir, console_log_path, read_tail
from nova_xen.hypervisor import follow as follow_file
from nova_xen.operations.host import Host

#: seconds between looks for the first word
_INTERVAL = 0.5


def read(host: Host, name: str, max_bytes: int) -> bytes:
    """The last bytes of the log; what a guest printed is never to be trusted.

    :raises ConsoleUnavailable: nothing keeps a log, or nothing was printed yet
    """
    _guest, domain = host.find(name)
    path = console_log_path(domain, console_log_dir())
    try:
        return read_tail(path, max_bytes)
    except FileNotFoundError:
        raise exceptions.ConsoleUnavailable(
            server=name, why=f"{path} is not there; the guest has printed nothing yet"
        ) from None


def follow(host: Host, name: str) -> Iterator[bytes]:
    """The log from its beginning and on, until the guest is gone.

    Of an HVM guest's two logs it is the one that is written first.
    """
    guest, domain = host.find(name)
    log_dir = console_log_dir()
    console_log_path(domain, log_dir)  # refuses at once, not at the first word

    def words() -> Iterator[bytes]:
        while guest.is_active() and not _written(console_log_path(domain, log_dir)):
            time.sleep(_INTERVAL)
        yield from follow_file(console_log_path(domain, log_dir), guest.is_active)

    return words()


def _written(path: str) -> bool:
    return os.path.exists(path) and os.path.getsize(path) > 0
