# SPDX-License-Identifier: Apache-2.0
"""libvirt's certificates, by which two hosts know each other."""

import time
from collections.abc import Iterator

from nova_xen.model.certificates import PkiFacts, PkiFile, Unfit, UnfitFiles
from nova_xen.model.doctor import Finding
from nova_xen.planning.doctor.words import advice, counted, listed, ok, problem

DAY = 24 * 3600
#: seconds; enough to make new ones on all hosts
SOON = 30 * DAY
_MAKE = "make them as https://libvirt.org/kbase/tlscerts.html tells"
_OTHER = "or set the option [libvirt] live_migration_scheme to ssh"


def certificates(facts: PkiFacts) -> Iterator[Finding]:
    """None at all is a host that nobody has prepared; some and not all is a mistake."""
    if not any(file.exists for file in facts.files):
        paths = listed(file.path for file in facts.files)
        yield advice(
            "certificates",
            f"Servers cannot migrate by TLS: there is none of {paths}.",
            f"If servers shall migrate, {_MAKE}, {_OTHER}.",
        )
        return
    found = [finding for file in facts.files for finding in _judged(file, facts.now)]
    found += map(_unfit, facts.unfit)
    yield from found
    ends = [file.expires for file in facts.files if file.expires is not None]
    if not found and ends:
        days = int((min(ends) - facts.now) // DAY)
        yield ok(
            "certificates",
            f"libvirt's certificates and keys can be read and are valid for "
            f"{counted(days, 'day', 'days')}.",
        )


def _judged(file: PkiFile, now: float) -> Iterator[Finding]:
    if not file.exists:
        yield problem(
            "certificates",
            f"{file.path} is not there: servers cannot migrate by TLS.",
            f"Complete the certificates: {_MAKE}.",
        )
    elif file.why:
        yield problem(
            "certificates",
            f"{file.path} cannot be read: {file.why}.",
            "See to the file and its permissions (libvirt reads it as root).",
        )
    elif file.unknown:
        yield advice(
            "certificates",
            f"Whether {file.path} is in order is not known: {file.unknown}.",
            "Look at it as root.",
        )
    elif file.expires is not None:
        yield from _end(file.path, file.expires, now)


def _end(path: str, expires: float, now: float) -> Iterator[Finding]:
    day = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(expires))
    if expires <= now:
        yield problem(
            "certificates",
            f"{path} expired at {day}: servers cannot migrate by TLS.",
            f"Make a new one: {_MAKE}.",
        )
    elif expires - now < SOON:
        days = counted(int((expires - now) // DAY), "day", "days")
        yield advice(
            "certificates",
            f"{path} expires in {days}, at {day}; then servers cannot migrate by TLS.",
            f"Make a new one: {_MAKE}.",
        )


def _unfit(files: UnfitFiles) -> Finding:
    certificate = f"The certificate {files.certificate}"
    match files.why:
        case Unfit.OTHER_KEY:
            clause = f"{certificate} is not that of the key {files.other}"
        case Unfit.OTHER_AUTHORITY:
            clause = f"{certificate} was not signed by the authority {files.other}"
        case Unfit.NOT_UNDERSTOOD:
            clause = f"{certificate} and the key {files.other} are not understood"
    return problem(
        "certificates",
        f"{clause}: servers cannot migrate by TLS.",
        f"Put those there that belong together, or {_MAKE}.",
    )
