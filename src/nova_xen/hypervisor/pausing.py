# SPDX-License-Identifier: Apache-2.0
"""Pauses a domain of this host in the moment in which it is suspended.

libvirt resumes the source of a migration when it loses the destination's last answer,
though the guest may run there by then. libxl_domain_resume() takes back the suspension
and not a pause, so that a domain which was paused while it was suspended stays where it
is until somebody has looked at both hosts. Seen with PV, PVH and HVM guests on Xen
4.17, whose migrations go on as without: what is paused can be copied and ended.
"""

import contextlib
import logging
import os
import selectors
import subprocess
import time

from nova_xen import exceptions
from nova_xen.hypervisor.libxl_command import libxl_command

LOG = logging.getLogger(__name__)
#: seconds for the program to begin to look; it took 0.4 s on emulated Xen
TIMEOUT = 60.0
_BEGIN = b"\n"
_READY = b"ready\n"


class Pausing:
    """The program that does it for a domain, :mod:`nova_xen.hypervisor.libxl_program`.

    It touches nothing before :meth:`ready`, and ends with this process until then.
    Afterwards it outlives it, since libvirt's migration does, and ends by itself with
    the domain, or when ``journal`` is gone and nobody is there to close it. There can
    be one for a journal (:func:`nova_xen.hypervisor.pause_mark.end_pausing`).

    :raises ToolstackFailed: it cannot be started
    """

    def __init__(self, domid: int, journal: str, *, timeout: float = TIMEOUT) -> None:
        self._domid = domid
        self._begun = self._closed = False
        self._why = ""
        self._timeout = timeout
        try:
            self._process = subprocess.Popen(
                libxl_command("pause-suspended", str(domid), journal),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise self._failed(str(error)) from error
        piped = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._input, self._output, self._errors = (each for each in piped if each)

    def ready(self) -> None:
        """Have it look at the domain, and wait until it does.

        :raises ToolstackFailed: it cannot, or not in time
        """
        self._begun = True
        told, deadline = b"", time.monotonic() + self._timeout
        with contextlib.suppress(BrokenPipeError):  # it has ended, and said why
            os.write(self._input.fileno(), _BEGIN)
        while told != _READY:
            if not (more := self._more(deadline)):
                why = self._said() or "it ended at once"
                raise self._failed(why)
            told += more

    def trouble(self) -> str:
        """Why it ended before it was done; "" when it works, or has done its work."""
        if self._closed or self._process.poll() in (None, 0):
            return self._why
        self._why = self._why or self._said() or f"it ended ({self._process.poll()})"
        return self._why

    def close(self) -> None:
        """End it: what it has done is done, and it does nothing any more."""
        if self._closed:
            return
        why, self._closed = self.trouble(), True
        if why and self._begun:
            LOG.warning(
                "Domain %d was not to be paused as it was suspended: %s",
                *(self._domid, why),
            )
        with self._process as process:
            process.kill()

    def _more(self, deadline: float) -> bytes:
        """A byte of its output; nothing at its end."""
        left = max(0.0, deadline - time.monotonic())
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            if not selector.select(left):
                raise self._failed("it did not begin in time")
        return os.read(self._output.fileno(), 1)

    def _said(self) -> str:
        """The last line of what it complained about, as it has ended or is to."""
        lines = self._errors.read().decode(errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _failed(self, why: str) -> exceptions.ToolstackFailed:
        doing = f"getting ready to pause domain {self._domid} when it is suspended"
        return exceptions.ToolstackFailed(doing=doing, why=why)
