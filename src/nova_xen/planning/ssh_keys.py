# SPDX-License-Identifier: Apache-2.0
"""SSH keys: public ones, without options, a line each."""

import base64
import binascii

from nova_xen import exceptions

#: Fields of a public key's blob behind its type: RFC 4253 and 8332, 5656, 8709, and
#: OpenSSH's PROTOCOL.u2f. OpenSSH has refused ssh-dss since 7.0.
FIELDS = {
    "ssh-rsa": 2,
    "ssh-ed25519": 1,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
MOST_KEYS = 100
#: an RSA key of 16384 bits, the largest that OpenSSH takes, has 2.8 KB
KEY_LIMIT = 8192
_LENGTH = 4


def check_keys(server: str, untrusted_keys: tuple[str, ...]) -> None:
    """Refuse what is no public key in a line of its own.

    :raises InvalidRequest: naming the key by its place, since a private one may have
        been given by mistake
    """
    if len(untrusted_keys) > MOST_KEYS:
        why = f"{len(untrusted_keys)} SSH keys are too many, {MOST_KEYS} can be"
        raise exceptions.InvalidRequest(server=server, why=why)
    for number, untrusted_key in enumerate(untrusted_keys, 1):
        fault = key_fault(untrusted_key)
        if fault:
            raise exceptions.InvalidRequest(
                server=server, why=f"SSH key {number} {fault} (--key-file)"
            )


def key_fault(untrusted_key: str) -> str | None:
    """What is wrong with a line for authorized_keys, or None."""
    if "PRIVATE KEY" in untrusted_key:
        return "is a private key; give the public one, the file that ends in .pub"
    if len(untrusted_key) > KEY_LIMIT:
        return f"is longer than {KEY_LIMIT} characters"
    if not untrusted_key.isprintable():
        return "is not one line of text"
    kind, _space, rest = untrusted_key.partition(" ")
    if kind not in FIELDS:
        return f"does not begin with a type of public keys ({', '.join(FIELDS)})"
    if not _is_blob(rest.partition(" ")[0], kind):
        return f"is not the whole of a public key of the type {kind}"
    return None


def _is_blob(text: str, kind: str) -> bool:
    """Whether the Base64 is a blob of this type, to its last byte."""
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    fields = _fields(blob)
    return (
        fields is not None
        and len(fields) == 1 + FIELDS[kind]
        and fields[0] == kind.encode()
        and all(fields)
    )


def _fields(blob: bytes) -> list[bytes] | None:
    """Strings of RFC 4251: a length of four bytes before each."""
    found = []
    while blob:
        size = int.from_bytes(blob[:_LENGTH], "big")
        field, blob = blob[_LENGTH : _LENGTH + size], blob[_LENGTH + size :]
        if len(field) < size:
            return None
        found.append(field)
    return found
