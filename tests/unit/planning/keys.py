# SPDX-License-Identifier: Apache-2.0
"""Public keys of SSH, put together from their fields."""

import base64


def blob(*fields: bytes) -> str:
    """Base64 of strings with their lengths (RFC 4251)."""
    joined = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return base64.b64encode(joined).decode()


def key(kind: str, *fields: bytes, comment: str = "") -> str:
    """A line of a public key."""
    return f"{kind} {blob(kind.encode(), *fields)} {comment}".rstrip()


ED25519 = key("ssh-ed25519", b"\x07" * 32, comment="me@example.org")
RSA = key("ssh-rsa", b"\x01\x00\x01", b"\x00\xc1" + b"\x05" * 256)
