# SPDX-License-Identifier: Apache-2.0
"""libvirt's certificates and keys, where libvirt looks for them.

The end of a certificate is asked of the program openssl, which every Debian has that
has ca-certificates: Python's own ssl shows no certificate that no connection has, and
a library for that alone would be one more thing that nova-xen needs.
"""

import contextlib
import dataclasses
import os
import re
import ssl
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

from nova_xen.examination.places import Places
from nova_xen.model.certificates import PkiFacts, PkiFile, Unfit, UnfitFiles

CA = "/etc/pki/CA/cacert.pem"
#: certificate and key, of who is called and of who calls
SERVER = ("/etc/pki/libvirt/servercert.pem", "/etc/pki/libvirt/private/serverkey.pem")
CLIENT = ("/etc/pki/libvirt/clientcert.pem", "/etc/pki/libvirt/private/clientkey.pem")
#: the names in a folder that a URI names by pkipath
_IN_PKIPATH = ("cacert.pem", "clientcert.pem", "clientkey.pem")
LIBVIRTD_CONF = "/etc/libvirt/libvirtd.conf"
#: seconds; it ends at once
TIMEOUT = 20
_SETTING = re.compile(r'^\s*(ca_file|cert_file|key_file)\s*=\s*"([^"]+)"', re.MULTILINE)
_END = "notAfter="


@dataclasses.dataclass(frozen=True)
class _Side:
    """The files of who is called, or of who calls."""

    authority: str
    certificate: str
    key: str


def pki_facts(
    uri: str, places: Places, clock: Callable[[], float] = time.time
) -> PkiFacts:
    """What there is of each, whether it can be read, and how long it is valid."""
    sides = (_called(places), _calling(uri, places))
    certificates = dict.fromkeys(
        [each.authority for each in sides] + [each.certificate for each in sides]
    )
    keys = dict.fromkeys(each.key for each in sides)
    found = {path: _file(path) for path in (*certificates, *keys)}
    usable = {path for path, file in found.items() if _usable(file)}
    files = [_dated(found[path], places.openssl) for path in certificates]
    files += [found[path] for path in keys]
    unfit = [
        fault
        for side in sides
        if side.certificate in usable
        for fault in _unfit(side, usable, places.openssl)
    ]
    return PkiFacts(files=tuple(files), now=clock(), unfit=tuple(unfit))


def _called(places: Places) -> _Side:
    """libvirtd's, which its configuration may have elsewhere."""
    told: dict[str, str] = {}
    with contextlib.suppress(OSError):
        text = places.at(LIBVIRTD_CONF).read_text(errors="replace")
        told = dict(_SETTING.findall(text))
    return _Side(
        told.get("ca_file", str(places.at(CA))),
        told.get("cert_file", str(places.at(SERVER[0]))),
        told.get("key_file", str(places.at(SERVER[1]))),
    )


def _calling(uri: str, places: Places) -> _Side:
    """Root's, which the URI may have elsewhere."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)
    if folder := query.get("pkipath", [""])[-1]:
        return _Side(*(os.path.join(folder, name) for name in _IN_PKIPATH))
    return _Side(*(str(places.at(path)) for path in (CA, *CLIENT)))


def _file(path: str) -> PkiFile:
    try:
        Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return PkiFile(path=path, exists=False)
    except PermissionError as error:
        if os.geteuid() != 0:
            # root, whom libvirt runs as, may read what this user may not
            return PkiFile(path=path, unknown=str(error.strerror))
        return PkiFile(path=path, why=str(error.strerror))
    except OSError as error:
        return PkiFile(path=path, why=str(error.strerror))
    return PkiFile(path=path)


def _usable(file: PkiFile) -> bool:
    return file.exists and not file.why and not file.unknown


def _dated(file: PkiFile, openssl: str) -> PkiFile:
    if not _usable(file):
        return file
    try:
        return dataclasses.replace(file, expires=_end_of(file.path, openssl))
    except subprocess.TimeoutExpired:
        why = f"openssl gave no answer within {TIMEOUT} s"
    except OSError as error:
        why = f"openssl cannot be run: {error.strerror} (apt install openssl)"
    except (subprocess.SubprocessError, ValueError):
        why = "openssl does not take it for a certificate"
    return dataclasses.replace(file, unknown=why)


def _end_of(path: str, openssl: str) -> float:
    """Seconds since the epoch.

    :raises OSError, subprocess.SubprocessError: it cannot be asked, or refuses
    :raises ValueError: its answer is not understood
    """
    told = _asked(openssl, "x509", "-noout", "-enddate", "-in", path)
    return ssl.cert_time_to_seconds(told.strip().removeprefix(_END))


def _asked(*command: str) -> str:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout


def _unfit(side: _Side, usable: set[str], openssl: str) -> Iterator[UnfitFiles]:
    if side.key in usable and (why := _misfit(side)) is not None:
        yield UnfitFiles(why, side.certificate, side.key)
    if side.authority in usable and _signed_by_another(side, openssl):
        yield UnfitFiles(Unfit.OTHER_AUTHORITY, side.certificate, side.authority)


def _misfit(side: _Side) -> Unfit | None:
    """Why the key is not the certificate's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # libvirt's library takes keys that are too small for this one
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        # without a password it would ask the terminal for one
        context.load_cert_chain(side.certificate, side.key, password=lambda: "")
    except ssl.SSLError as error:
        other = error.reason == "KEY_VALUES_MISMATCH"
        return Unfit.OTHER_KEY if other else Unfit.NOT_UNDERSTOOD
    except (OSError, ValueError):
        return Unfit.NOT_UNDERSTOOD
    return None


def _signed_by_another(side: _Side, openssl: str) -> bool:
    """Whether openssl says so; how long it is valid is asked elsewhere.

    To GnuTLS each certificate of its file is an anchor, whoever has signed it.
    """
    options = ("-no_check_time", "-partial_chain", "-CAfile", side.authority)
    try:
        _asked(openssl, "verify", *options, side.certificate)
    except subprocess.CalledProcessError:
        return True
    except (OSError, subprocess.SubprocessError):
        # which is told with the question how long it is valid
        return False
    return False
