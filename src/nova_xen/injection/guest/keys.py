# SPDX-License-Identifier: Apache-2.0
"""root's authorized_keys, see sshd(8)."""

from collections.abc import Iterable

from nova_xen.injection.guest.edits import Edit, MakeFolder, WriteFile
from nova_xen.injection.guest.facts import (
    AUTHORIZED_KEYS,
    SSH_FOLDER,
    GuestFacts,
    to_bytes,
)
from nova_xen.injection.guest.problems import Refused


def check_keys(keys: Iterable[str]) -> None:
    """Refuse what is not one line with a key in it.

    :raises Refused:
    """
    for key in keys:
        if len(key.split()) < 2 or not key.strip().isprintable():
            raise Refused(
                "an SSH key is not one line with a type and a key",
                "give the file that ends in .pub",
            )


def key_edits(keys: tuple[str, ...], facts: GuestFacts) -> list[Edit]:
    """Append the keys that are not there, in a folder that sshd accepts.

    :raises Refused: something else stands at its place
    """
    if AUTHORIZED_KEYS in facts.odd:
        raise Refused(
            f"{AUTHORIZED_KEYS} is {facts.odd[AUTHORIZED_KEYS]} in this image"
        )
    content = to_bytes(merged(facts.text(AUTHORIZED_KEYS), keys))
    return [
        MakeFolder(path=SSH_FOLDER, mode=0o700),
        WriteFile(
            path=AUTHORIZED_KEYS,
            content=content,
            mode=0o600,
            owned=True,
            keep_link=True,
        ),
    ]


def merged(old: str, keys: Iterable[str]) -> str:
    """The old lines as they are, and each new key once."""
    lines = [line.strip() for line in old.split("\n")]
    known = {line for line in lines if line and not line.startswith("#")}
    text = old if not old or old.endswith("\n") else old + "\n"
    for key in (key.strip() for key in keys):
        if key not in known:
            known.add(key)
            text += key + "\n"
    return text
