# SPDX-License-Identifier: Apache-2.0
"""Which exception a libvirt error becomes, by its numbers."""

from __future__ import annotations

import errno
from typing import Any

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import errors
from nova_xen.hypervisor.errors import ErrorCode, code_of

URI = "xen:///system"
RPC, REMOTE, LIBXL = (
    libvirt.VIR_FROM_RPC,
    libvirt.VIR_FROM_REMOTE,
    libvirt.VIR_FROM_LIBXL,
)


def libvirt_error(
    code: int, domain: int = LIBXL, message: str = "it broke.", number: int = -1
) -> Any:
    """An error as the binding raises it; ``number`` is int1, the errno."""
    error = libvirt.libvirtError(message)
    level = libvirt.VIR_ERR_ERROR
    error.err = (code, domain, message, level, message, None, None, number, -1)
    return error


@pytest.mark.parametrize(
    ("code", "domain", "number", "expected"),
    [
        (38, RPC, errno.ENOENT, exceptions.HypervisorUnavailable),
        (38, RPC, errno.ECONNREFUSED, exceptions.HypervisorUnavailable),
        (38, RPC, errno.EACCES, exceptions.NotPermitted),
        (libvirt.VIR_ERR_AUTH_FAILED, RPC, -1, exceptions.NotPermitted),
        (libvirt.VIR_ERR_AUTH_CANCELLED, RPC, -1, exceptions.NotPermitted),
        (libvirt.VIR_ERR_AUTH_UNAVAILABLE, RPC, -1, exceptions.NotPermitted),
        (libvirt.VIR_ERR_ACCESS_DENIED, LIBXL, -1, exceptions.NotPermitted),
        (1, LIBXL, -1, exceptions.NoXen),
        (libvirt.VIR_ERR_NO_CONNECT, libvirt.VIR_FROM_NONE, -1, exceptions.NoXen),
        (1, RPC, -1, exceptions.HypervisorUnavailable),
    ],
)
def test_opening_tells_daemon_xen_and_permission_apart(
    code: int, domain: int, number: int, expected: type[Exception]
) -> None:
    error = errors.opening_error(libvirt_error(code, domain, "why", number), URI)
    assert type(error) is expected
    assert URI in str(error)
    assert "why" in str(error)


@pytest.mark.parametrize(
    ("code", "domain", "broken"),
    [
        (38, RPC, True),
        (38, REMOTE, True),
        (1, RPC, True),
        (1, REMOTE, True),
        (39, RPC, True),
        (6, libvirt.VIR_FROM_NONE, True),
        (1, LIBXL, False),
        (38, LIBXL, False),
        (42, RPC, False),
        (55, LIBXL, False),
    ],
)
def test_a_dead_connection_is_told_by_code_and_domain(
    code: int, domain: int, broken: bool
) -> None:
    assert errors.is_broken(libvirt_error(code, domain)) is broken


def test_a_missing_domain_is_a_missing_server() -> None:
    made = errors.calling_error(libvirt_error(42), "starting", "web1")
    assert type(made) is exceptions.ServerNotFound
    assert code_of(made) is ErrorCode.NO_DOMAIN


def test_a_missing_domain_without_a_server_is_an_error_of_libvirt() -> None:
    made = errors.calling_error(libvirt_error(42), "reading the scheduler", "")
    assert type(made) is exceptions.HypervisorError


def test_another_refusal_names_deed_server_and_libvirts_sentence() -> None:
    error = libvirt_error(1, LIBXL, "internal error: \n  no luck.\n")
    made = errors.calling_error(error, "starting", "web1")
    assert str(made) == (
        "libvirt failed while starting server web1: internal error: no luck."
    )
    assert code_of(made) is ErrorCode.INTERNAL_ERROR


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (libvirt_error(55), ErrorCode.OPERATION_INVALID),
        (libvirt_error(9999), None),
        (exceptions.NoXen(uri=URI, why="so", code=1), ErrorCode.INTERNAL_ERROR),
        (exceptions.NotOurs(server="web1"), None),
        (ValueError("no"), None),
    ],
)
def test_code_of_any_exception(
    error: BaseException, expected: ErrorCode | None
) -> None:
    assert code_of(error) is expected


@pytest.mark.parametrize(
    ("repeated", "sent", "words"),
    [
        (True, True, "lost while reading (it broke); check"),
        (False, True, "lost while reading (it broke), which may or may not have"),
        (True, False, "lost while reading; check"),
    ],
)
def test_a_lost_connection_says_whether_it_may_have_been_done(
    repeated: bool, sent: bool, words: str
) -> None:
    error = libvirt_error(1, RPC) if sent else None
    made = errors.lost(error, URI, "reading", repeated=repeated)
    assert words in str(made)


def test_libvirt_prints_nothing_by_itself(capfd: pytest.CaptureFixture[str]) -> None:
    errors.silence_libvirt()
    with pytest.raises(libvirt.libvirtError):
        libvirt.open("no-such-driver:///")
    printed = capfd.readouterr()
    assert "no-such-driver" not in printed.out + printed.err
