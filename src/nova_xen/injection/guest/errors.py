# SPDX-License-Identifier: Apache-2.0
"""From a problem to the error that a person reads."""

from nova_xen import exceptions
from nova_xen.injection.guest.problems import Kind


def error_of(kind: Kind, why: str, other: str, server: str) -> exceptions.NovaXenError:
    """The error for a problem; ``other`` is its advice, or what was being done."""
    match kind:
        case Kind.REFUSED:
            return exceptions.InjectionRefused(server=server, why=why, advice=other)
        case Kind.UNAVAILABLE:
            return exceptions.InjectionUnavailable(server=server, why=why, advice=other)
        case Kind.FAILED:
            return exceptions.InjectionFailed(server=server, why=why, doing=other)
