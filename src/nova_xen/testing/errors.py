# SPDX-License-Identifier: Apache-2.0
"""libvirt errors made by hand: code, origin and sentence as libvirt words them."""

from __future__ import annotations

import enum
from typing import Any

import libvirt


class Origin(enum.IntEnum):
    """The part of libvirt an error comes from (virErrorDomain)."""

    NONE = libvirt.VIR_FROM_NONE
    RPC = libvirt.VIR_FROM_RPC
    REMOTE = libvirt.VIR_FROM_REMOTE
    DOMAIN = libvirt.VIR_FROM_DOMAIN
    CPU = libvirt.VIR_FROM_CPU
    SNAPSHOT = libvirt.VIR_FROM_DOMAIN_SNAPSHOT
    CHECKPOINT = libvirt.VIR_FROM_DOMAIN_CHECKPOINT
    LIBXL = libvirt.VIR_FROM_LIBXL
    CAPABILITIES = libvirt.VIR_FROM_CAPABILITIES
    NODE_DEVICE = libvirt.VIR_FROM_NODEDEV
    XML = libvirt.VIR_FROM_XML


# The sentence libvirt puts before the detail, by error code (util/virerror.c).
_PREFIXES = {
    libvirt.VIR_ERR_INTERNAL_ERROR: "internal error",
    libvirt.VIR_ERR_NO_SUPPORT: "this function is not supported by the connection "
    "driver",
    libvirt.VIR_ERR_INVALID_ARG: "invalid argument",
    libvirt.VIR_ERR_OPERATION_FAILED: "operation failed",
    libvirt.VIR_ERR_XML_ERROR: "XML error",
    libvirt.VIR_ERR_NO_NAME: "missing name information",
    libvirt.VIR_ERR_OS_TYPE: "unknown OS type",
    libvirt.VIR_ERR_NO_TARGET: "missing target information for device",
    libvirt.VIR_ERR_NO_DOMAIN: "Domain not found",
    libvirt.VIR_ERR_NO_NODE_DEVICE: "Node device not found",
    libvirt.VIR_ERR_OPERATION_INVALID: "Requested operation is not valid",
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED: "unsupported configuration",
    libvirt.VIR_ERR_OPERATION_TIMEOUT: "Timed out during operation",
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED: "argument unsupported",
    libvirt.VIR_ERR_NO_DOMAIN_METADATA: "metadata not found",
    libvirt.VIR_ERR_OPERATION_UNSUPPORTED: "Operation not supported",
    libvirt.VIR_ERR_XML_INVALID_SCHEMA: "XML document failed to validate against "
    "schema",
    libvirt.VIR_ERR_DEVICE_MISSING: "device not found",
}

_WITHOUT_COLON = {
    libvirt.VIR_ERR_NO_NAME,
    libvirt.VIR_ERR_OS_TYPE,
    libvirt.VIR_ERR_NO_TARGET,
}


def worded(code: int, detail: str | None) -> str:
    """Return the message libvirt makes of a code and its detail."""
    prefix = _PREFIXES.get(code)
    if prefix is None:
        return detail or ""
    if code in _WITHOUT_COLON and detail:
        return f"{prefix} {detail}"
    return f"{prefix}: {detail}" if detail else prefix


def raw_error(code: int, message: str, origin: int = Origin.LIBXL) -> Any:
    """Return a libvirtError whose message stands as given, without a prefix."""
    error = libvirt.libvirtError(message)
    error.args = (message,)
    level = libvirt.VIR_ERR_ERROR
    error.err = (code, int(origin), message, level, message, None, None, -1, -1)
    return error


def error(code: int, detail: str | None = None, origin: int = Origin.LIBXL) -> Any:
    """Return a libvirtError worded as libvirt words this code."""
    return raw_error(code, worded(code, detail), origin)


def unsupported_flags(flags: int, function: str, origin: int = Origin.LIBXL) -> Any:
    """Return the error of virCheckFlags: a flag the function does not know."""
    message = f"unsupported flags ({flags:#x}) in function {function}"
    return raw_error(libvirt.VIR_ERR_INVALID_ARG, message, origin)


def check_flags(flags: int, known: int, function: str) -> None:
    """Refuse flags outside `known`, naming the libxl function as libvirt does."""
    if unknown := flags & ~known:
        raise unsupported_flags(unknown, function)


def not_supported(function: str, origin: int = Origin.DOMAIN) -> Any:
    """Return the answer of a driver that lacks a libvirt function."""
    return error(libvirt.VIR_ERR_NO_SUPPORT, function, origin)


def operation_invalid(detail: str, origin: int = Origin.LIBXL) -> Any:
    """Return the error for a call that does not fit the state of its object."""
    return error(libvirt.VIR_ERR_OPERATION_INVALID, detail, origin)
