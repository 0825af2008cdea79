# SPDX-License-Identifier: Apache-2.0
"""What a guest is told in words: password, metadata, user data, vendor data."""

import json
import re
from collections.abc import Mapping
from typing import Any

from nova_xen import exceptions
from nova_xen.model import MIB, Instance

#: crypt(3) takes 511 bytes (CRYPT_MAX_PASSPHRASE_SIZE); a character has up to four
PASSWORD_LIMIT = 127
#: Nova's: its quota metadata_items and the sizes of its API
MOST_METADATA = 128
METADATA_KEY = re.compile("[A-Za-z0-9_:. -]{1,255}", re.ASCII)
METADATA_LIMIT = 255
#: a config drive of 64 MiB has a copy of either for each version of the metadata
DATA_LIMIT = MIB


def check_setup_texts(instance: Instance) -> None:
    """Refuse what could not be told, or would be told as something else.

    :raises InvalidRequest: without the text itself
    """
    setup = instance.setup
    faults = (
        _password_fault(setup.admin_password),
        _metadata_fault(setup.metadata),
        _user_data_fault(setup.user_data),
        _vendor_data_fault(setup.vendor_data),
    )
    for fault in faults:
        if fault:
            raise exceptions.InvalidRequest(server=instance.name, why=fault)


def _password_fault(password: str | None) -> str | None:
    """A colon is fine: what stands in /etc/shadow is a hash."""
    if password is None:
        return None
    if not password:
        return "its admin password is empty, leave it out"
    if len(password) > PASSWORD_LIMIT:
        return f"its admin password has more than {PASSWORD_LIMIT} characters"
    if not all(letter.isprintable() for letter in password):
        return "its admin password has a control character in it, such as a line end"
    return None


def _metadata_fault(metadata: Mapping[str, str]) -> str | None:
    if len(metadata) > MOST_METADATA:
        return f"it has more than {MOST_METADATA} items of metadata"
    for key, value in metadata.items():
        if not METADATA_KEY.fullmatch(key):
            return (
                f"{key!r} is no key of metadata; one has up to {METADATA_LIMIT} "
                "letters, digits, spaces, '-', '_', ':' and '.' (--meta)"
            )
        if len(value) > METADATA_LIMIT:
            return f"metadata {key!r} has more than {METADATA_LIMIT} characters"
        if "\x00" in value or not _is_text(value):
            return f"metadata {key!r} is no text in UTF-8"
    return None


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _user_data_fault(user_data: bytes | None) -> str | None:
    if user_data is None:
        return None
    if not user_data:
        return "its user data is empty, leave it out"
    if len(user_data) > DATA_LIMIT:
        return f"its user data is larger than {DATA_LIMIT // MIB} MiB"
    return None


def _vendor_data_fault(vendor_data: Mapping[str, Any] | None) -> str | None:
    if vendor_data is None:
        return None
    try:
        text = json.dumps(vendor_data, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return "its vendor data cannot be written as JSON"
    if len(text) > DATA_LIMIT:
        return f"its vendor data is larger than {DATA_LIMIT // MIB} MiB"
    return None
