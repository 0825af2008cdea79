# SPDX-License-Identifier: Apache-2.0
"""libvirt's errors as the exceptions of this package, decided by number.

The numbers are libvirt's virErrorNumber and virErrorDomain. A system error carries
its errno in ``int1`` (virReportSystemError), which tells a missing socket from a
forbidden one.
"""

import enum
import errno
from typing import Any

import libvirt

from nova_xen import exceptions

LibvirtError = libvirt.libvirtError


class ErrorCode(enum.IntEnum):
    """The libvirt error numbers that callers distinguish."""

    INTERNAL_ERROR = libvirt.VIR_ERR_INTERNAL_ERROR
    NO_SUPPORT = libvirt.VIR_ERR_NO_SUPPORT
    NO_CONNECT = libvirt.VIR_ERR_NO_CONNECT
    INVALID_CONN = libvirt.VIR_ERR_INVALID_CONN
    INVALID_ARG = libvirt.VIR_ERR_INVALID_ARG
    OPERATION_FAILED = libvirt.VIR_ERR_OPERATION_FAILED
    XML_ERROR = libvirt.VIR_ERR_XML_ERROR
    SYSTEM_ERROR = libvirt.VIR_ERR_SYSTEM_ERROR
    RPC = libvirt.VIR_ERR_RPC
    NO_DOMAIN = libvirt.VIR_ERR_NO_DOMAIN
    AUTH_FAILED = libvirt.VIR_ERR_AUTH_FAILED
    OPERATION_INVALID = libvirt.VIR_ERR_OPERATION_INVALID
    CONFIG_UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
    OPERATION_TIMEOUT = libvirt.VIR_ERR_OPERATION_TIMEOUT
    ARGUMENT_UNSUPPORTED = libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED
    AUTH_CANCELLED = libvirt.VIR_ERR_AUTH_CANCELLED
    AUTH_UNAVAILABLE = libvirt.VIR_ERR_AUTH_UNAVAILABLE
    OPERATION_UNSUPPORTED = libvirt.VIR_ERR_OPERATION_UNSUPPORTED
    ACCESS_DENIED = libvirt.VIR_ERR_ACCESS_DENIED
    XML_INVALID_SCHEMA = libvirt.VIR_ERR_XML_INVALID_SCHEMA
    NO_DOMAIN_METADATA = libvirt.VIR_ERR_NO_DOMAIN_METADATA
    DEVICE_MISSING = libvirt.VIR_ERR_DEVICE_MISSING


_PERMISSION = {
    ErrorCode.AUTH_FAILED,
    ErrorCode.AUTH_CANCELLED,
    ErrorCode.AUTH_UNAVAILABLE,
    ErrorCode.ACCESS_DENIED,
}
_WIRE = {libvirt.VIR_FROM_REMOTE, libvirt.VIR_FROM_RPC}
_DEAD = {ErrorCode.SYSTEM_ERROR, ErrorCode.INTERNAL_ERROR, ErrorCode.RPC}


def silence_libvirt() -> None:
    """Stop libvirt from printing each error to stderr by itself."""
    libvirt.registerErrorHandler(_drop, None)


def _drop(_context: object, _error: object) -> None:
    return None


def code_of(error: BaseException) -> ErrorCode | None:
    """The libvirt number behind an exception of either kind, if it is one we name."""
    raw: Any = None
    if isinstance(error, LibvirtError):
        raw = error.get_error_code()
    elif isinstance(error, exceptions.NovaXenError):
        raw = error.context.get("code")
    return ErrorCode(raw) if raw in ErrorCode._value2member_map_ else None


def sentence_of(error: Any) -> str:
    """libvirt's own words on one line, without the full stop."""
    text = error.get_error_message() or str(error)
    return " ".join(text.split()).rstrip(".")


def is_broken(error: Any) -> bool:
    """Whether the error is of the kind that a dead connection gives.

    A failed migration answers alike when the other host's daemon died, so for calls
    that involve a second host ``isAlive`` has the last word.
    """
    if error.get_error_code() == ErrorCode.INVALID_CONN:
        return True
    return error.get_error_domain() in _WIRE and error.get_error_code() in _DEAD


def opening_error(error: Any, uri: str) -> exceptions.HypervisorUnavailable:
    """Why a connection could not be opened: no daemon, no Xen or no permission."""
    code = error.get_error_code()
    forbidden = code == ErrorCode.SYSTEM_ERROR and error.get_int1() == errno.EACCES
    if code in _PERMISSION or forbidden:
        kind: type[exceptions.HypervisorUnavailable] = exceptions.NotPermitted
    elif code == ErrorCode.NO_CONNECT or _is_driver(error):
        kind = exceptions.NoXen
    else:
        kind = exceptions.HypervisorUnavailable
    return kind(uri=uri, why=sentence_of(error), code=code)


def _is_driver(error: Any) -> bool:
    """Whether libvirtd answered and its libxl driver is what is missing.

    libxlConnectOpen says so with an internal error of the domain VIR_FROM_LIBXL.
    """
    return bool(
        error.get_error_code() == ErrorCode.INTERNAL_ERROR
        and error.get_error_domain() == libvirt.VIR_FROM_LIBXL
    )


def lost(
    error: Any, uri: str, doing: str, *, repeated: bool
) -> exceptions.HypervisorUnavailable:
    """The connection died under a call.

    ``repeated`` when the call was a query made anew in vain, otherwise nobody knows
    whether it took effect. ``error`` is None when nothing was sent at all.
    """
    why = f"the connection was lost while {doing}"
    if error is not None:
        why += f" ({sentence_of(error)})"
    if not repeated:
        why += ", which may or may not have been done"
    code = None if error is None else error.get_error_code()
    return exceptions.HypervisorUnavailable(uri=uri, why=why, code=code)


def calling_error(error: Any, doing: str, server: str) -> exceptions.NovaXenError:
    """What a call that libvirt answered with an error means; ``server`` may be ''."""
    code = error.get_error_code()
    if code == ErrorCode.NO_DOMAIN and server:
        return exceptions.ServerNotFound(server=server, code=code)
    return exceptions.HypervisorError(
        doing=doing,
        server=of_server(server),
        why=sentence_of(error),
        code=code,
    )


def of_server(server: str) -> str:
    """The words that name a server after what is being done to it, or ''."""
    return f" server {server}" if server else ""
