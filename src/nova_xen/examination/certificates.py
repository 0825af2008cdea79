# SPDX-License-Identifier: Apache-2.0
"""libvirt's certificates and keys, where libvirt looks for them.

The end of a certificate is asked of the program openssl, which every Debian has that
has ca-certificates: Python's own ssl shows no certificate that no connection has, and
a library for that alone would be one more thing that nova-xen needs.
"""

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
from nova_xen.model.doctor import PkiFacts, PkiFile

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


def pki_facts(
    uri: str, places: Places, clock: Callable[[], float] = time.time
) -> PkiFacts:
    """What there is of each, whether it can be read, and how long it is valid."""
    ca, server, client = _paths(uri, places)
    certificates = [*ca, server[0], client[0]]
    keys = [server[1], client[1]]
    found = {path: _file(path) for path in (*certificates, *keys)}
    files = [_dated(found[path], places.openssl) for path in certificates]
    files += [found[path] for path in keys]
    unfit = [
        clause
        for pair in (server, client)
        if all(_usable(found[path]) for path in pair)
        for clause in _unfit(*pair)
    ]
    return PkiFacts(files=tuple(files), now=clock(), unfit=tuple(unfit))


def _paths(
    uri: str, places: Places
) -> tuple[list[str], tuple[str, str], tuple[str, str]]:
    """The files of authorities, of the called side and of the calling side."""
    conf = places.at(LIBVIRTD_CONF)
    try:
        told = dict(_SETTING.findall(conf.read_text(errors="replace")))
    except OSError:
        told = {}
    usual = str(places.at(CA))
    server = (
        told.get("cert_file", str(places.at(SERVER[0]))),
        told.get("key_file", str(places.at(SERVER[1]))),
    )
    client = (str(places.at(CLIENT[0])), str(places.at(CLIENT[1])))
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)
    if folder := query.get("pkipath", [""])[-1]:
        usual, *pair = [os.path.join(folder, name) for name in _IN_PKIPATH]
        client = (pair[0], pair[1])
    authorities = dict.fromkeys([told.get("ca_file", str(places.at(CA))), usual])
    return list(authorities), server, client


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
    done = subprocess.run(
        [openssl, "x509", "-noout", "-enddate", "-in", path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT,
        env={**os.environ, "LC_ALL": "C"},
    )
    return ssl.cert_time_to_seconds(done.stdout.strip().removeprefix(_END))


def _unfit(certificate: str, key: str) -> Iterator[str]:
    """A clause when the key is not the certificate's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # libvirt's library takes keys that are too small for this one
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        # without a password it would ask the terminal for one
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            yield f"The key {key} is not that of the certificate {certificate}"
        else:
            yield f"The certificate {certificate} and its key {key} are not understood"
    except (OSError, ValueError):
        yield f"The certificate {certificate} and its key {key} are not understood"
