# SPDX-License-Identifier: Apache-2.0
"""Expect a refusal of libvirt: its code, its origin, its words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import libvirt
import pytest

LIBXL = libvirt.VIR_FROM_LIBXL
DOMAIN = libvirt.VIR_FROM_DOMAIN
CAPABILITIES = libvirt.VIR_FROM_CAPABILITIES
XML = libvirt.VIR_FROM_XML
RPC = libvirt.VIR_FROM_RPC
NONE = libvirt.VIR_FROM_NONE


@contextlib.contextmanager
def refused(code: int, origin: int, words: str = "") -> Iterator[None]:
    """Expect a libvirtError of this code and origin that says `words`."""
    with pytest.raises(libvirt.libvirtError) as raised:
        yield
    error = raised.value
    told = (error.get_error_code(), error.get_error_domain())
    assert told == (code, origin), str(error)
    assert words in str(error)
