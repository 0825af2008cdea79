# SPDX-License-Identifier: Apache-2.0
"""What every call on a guest needs: its connection and its guest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import libvirt

from nova_xen.testing import errors
from nova_xen.testing.guest import DOMAIN_0, Guest

if TYPE_CHECKING:
    from nova_xen.testing.connection import FakeConnection


class DomainBase:
    """A handle: name, UUID, and the id the guest had when the handle was made."""

    def __init__(
        self, connection: FakeConnection, name: str, uuid: str, number: int
    ) -> None:
        self._connection = connection
        self._host = connection._host
        self._name = name
        self._uuid = uuid
        self._id = number

    def _subject(self) -> str | None:
        return self._name

    def _check_alive(self) -> None:
        self._connection._check_alive()

    def _guest(self) -> Guest:
        guest = self._host.guests.get(self._uuid)
        if guest is None:
            detail = f"no domain with matching uuid '{self._uuid}' ({self._name})"
            raise errors.error(libvirt.VIR_ERR_NO_DOMAIN, detail)
        return guest

    def _not_domain_0(self) -> Guest:
        guest = self._guest()
        if guest.name == DOMAIN_0:
            detail = "Domain-0 does not support requested operation"
            raise errors.operation_invalid(detail)
        return guest

    def _wait_for_job(self, guest: Guest) -> Guest:
        """Wait while another long operation holds the guest, as libvirt does.

        Raises libvirt's time-out after the host's `job_timeout` seconds.
        """
        deadline = time.monotonic() + self._host.job_timeout
        while guest.job is not None:
            left = deadline - time.monotonic()
            if left <= 0 or not self._host.changed.wait(left):
                detail = (
                    "cannot acquire state change lock "
                    f"(held by monitor={guest.job.holder})"
                )
                code = libvirt.VIR_ERR_OPERATION_TIMEOUT
                raise errors.error(code, detail)
        return guest
