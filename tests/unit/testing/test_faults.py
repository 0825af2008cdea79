# SPDX-License-Identifier: Apache-2.0
"""Failures, hanging calls and the log of calls."""

from __future__ import annotations

import functools
import threading
from typing import Any

import libvirt
import pytest

from nova_xen.testing import Call, FakeConnection, FakeHost

from .conftest import document

WAIT_SECONDS = 30.0
RESOURCE_BUSY = libvirt.VIR_ERR_RESOURCE_BUSY


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_call_fails_once(host: FakeHost, domain: Any) -> None:
    host.fail_next("create", RESOURCE_BUSY, "resource busy: no", domain=7)
    with pytest.raises(libvirt.libvirtError) as raised:
        domain.create()
    error = raised.value
    assert (error.get_error_code(), error.get_error_domain()) == (RESOURCE_BUSY, 7)
    assert error.get_error_message() == str(error) == "resource busy: no"
    assert domain.isActive() == 0
    domain.create()
    assert domain.isActive() == 1


@pytest.mark.parametrize("way", ["create", "createWithFlags", "createXML"])
def test_create_stands_for_each_way_to_start(
    host: FakeHost, connection: FakeConnection, way: str
) -> None:
    if way == "createXML":
        start = functools.partial(connection.createXML, document())
    else:
        start = getattr(connection.defineXML(document()), way)
    host.fail_next("create")
    with pytest.raises(libvirt.libvirtError):
        start()


def test_an_answer_is_lost(host: FakeHost, domain: Any) -> None:
    host.fail_next("create", after=True)
    with pytest.raises(libvirt.libvirtError):
        domain.create()
    assert domain.isActive() == 1


def test_a_later_call_fails(host: FakeHost, domain: Any) -> None:
    host.fail_next("suspend", skip=1)
    domain.create()
    domain.suspend()
    with pytest.raises(libvirt.libvirtError):
        domain.suspend()


def test_a_call_on_another_guest_passes(
    host: FakeHost, connection: FakeConnection, domain: Any
) -> None:
    host.fail_next("create", guest="one")
    connection.defineXML(document("two")).create()
    with pytest.raises(libvirt.libvirtError):
        domain.create()


@pytest.mark.parametrize("after", [False, True])
def test_a_process_is_killed(host: FakeHost, domain: Any, after: bool) -> None:
    host.interrupt_next("create", Killed(), after=after)
    with pytest.raises(Killed):
        domain.create()
    assert domain.isActive() == int(after)


def test_a_call_hangs_until_released(host: FakeHost, domain: Any) -> None:
    hang = host.hang("create")
    caller = threading.Thread(target=domain.create)
    caller.start()
    assert hang.entered.wait(WAIT_SECONDS)
    assert domain.isActive() == 0
    host.release()
    caller.join(WAIT_SECONDS)
    assert domain.isActive() == 1


def test_a_broken_connection_frees_a_hanging_call(host: FakeHost, domain: Any) -> None:
    seen: list[BaseException] = []

    def call() -> None:
        try:
            domain.create()
        except libvirt.libvirtError as error:
            seen.append(error)

    hang = host.hang("create")
    caller = threading.Thread(target=call)
    caller.start()
    assert hang.entered.wait(WAIT_SECONDS)
    host.break_connection()
    caller.join(WAIT_SECONDS)
    assert [type(error) for error in seen] == [libvirt.libvirtError]
    assert not host.guest("one").active


def test_calls_are_remembered(host: FakeHost, domain: Any) -> None:
    domain.createWithFlags(1)
    assert host.calls[-1] == Call("createWithFlags", "one", (1,))


def test_unsupported_calls_are_remembered_too(host: FakeHost, domain: Any) -> None:
    with pytest.raises(libvirt.libvirtError):
        domain.abortJob()
    assert host.calls[-1].method == "abortJob"
