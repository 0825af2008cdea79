# SPDX-License-Identifier: Apache-2.0
"""root's password in /etc/shadow, see shadow(5) and login.defs(5)."""

import re
from collections.abc import Callable

from nova_xen.injection.guest.facts import (
    LOGIN_DEFS,
    PASSWD,
    SHADOW,
    GuestFacts,
    to_bytes,
)
from nova_xen.injection.guest.problems import Refused

#: prefixes of crypt(5)
YESCRYPT, SHA512 = "$y$", "$6$"
_METHOD = re.compile(r"^\s*ENCRYPT_METHOD\s+(\S+)\s*$", re.MULTILINE)
_FIELDS = 9
_EXPIRES = 7
_USER = "root"

#: makes a hash of a password with one of the prefixes
Hasher = Callable[[str, str], str]


def with_password(
    facts: GuestFacts, password: str, today: int, hasher: Hasher
) -> bytes:
    """/etc/shadow with another password of root's; all other lines as they were.

    What locked the account goes with the old hash, and a day in the past on which it
    expired.

    :param today: days since 1970-01-01
    :raises Refused: there is no such file, or it is not as shadow(5) says
    """
    if SHADOW in facts.odd:
        raise Refused(f"{SHADOW} is {facts.odd[SHADOW]} in this image")
    if SHADOW not in facts.contents:
        raise Refused(f"the image has no {SHADOW} for the password")
    if _is_elsewhere(facts):
        raise Refused(f"{PASSWD} of the image has the password of {_USER} itself")
    lines = facts.text(SHADOW).split("\n")
    index = _line_of_root(lines)
    fields = lines[index].split(":")
    fields[1] = hasher(password, hash_prefix(facts))
    fields[2] = str(today)
    if fields[_EXPIRES].isdecimal() and int(fields[_EXPIRES]) <= today:
        fields[_EXPIRES] = ""
    lines[index] = ":".join(fields)
    return to_bytes("\n".join(lines))


def _is_elsewhere(facts: GuestFacts) -> bool:
    """Whether passwd(5) does not send those who ask to the shadow file."""
    lines = [line.split(":") for line in facts.text(PASSWD).split("\n")]
    return any(line[0] == _USER and line[1:2] != ["x"] for line in lines)


def _line_of_root(lines: list[str]) -> int:
    found = [i for i, line in enumerate(lines) if line.split(":")[0] == _USER]
    if len(found) != 1:
        many = "no line" if not found else f"{len(found)} lines"
        raise Refused(f"{SHADOW} of the image has {many} for {_USER}")
    line = lines[found[0]]
    if line.count(":") != _FIELDS - 1 or not line.isprintable():
        raise Refused(
            f"the line of {_USER} in {SHADOW} of the image does not have nine fields"
        )
    return found[0]


def hash_prefix(facts: GuestFacts) -> str:
    """What the guest uses itself: root's present hash, any other, login.defs.

    SHA512 when nothing tells, for every libc of the last fifteen years knows it.
    """
    hashes = [line.split(":") for line in facts.text(SHADOW).split("\n")]
    hashes.sort(key=lambda fields: fields[0] != _USER)
    for fields in hashes:
        for prefix in (YESCRYPT, SHA512):
            if len(fields) > 1 and fields[1].lstrip("!").startswith(prefix):
                return prefix
    methods = _METHOD.findall(facts.text(LOGIN_DEFS))
    if methods and methods[-1].upper() == "YESCRYPT":
        return YESCRYPT
    return SHA512
