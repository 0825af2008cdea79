# SPDX-License-Identifier: Apache-2.0
"""Checksums of images, by Glance's names for their algorithms."""

import dataclasses
import enum
import re
from typing import Self


class HashAlgorithm(enum.StrEnum):
    """What Glance calls os_hash_algo; those that still protect."""

    SHA256 = "sha256"
    SHA512 = "sha512"

    @property
    def digits(self) -> int:
        """Hexadecimal digits of a checksum."""
        return 64 if self is HashAlgorithm.SHA256 else 128


@dataclasses.dataclass(frozen=True)
class Checksum:
    """What an image's bytes must amount to; ``value`` in lower case hexadecimal."""

    algorithm: HashAlgorithm
    value: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value}"

    @classmethod
    def of(cls, algorithm: str, value: str) -> Self:
        """A checksum from its two words.

        :raises ValueError: a sentence that says what is wrong
        """
        known = ", ".join(HashAlgorithm)
        if algorithm not in tuple(HashAlgorithm):
            raise ValueError(
                f"the hash algorithm {algorithm!r} is not known; use one of {known}"
            )
        chosen, value = HashAlgorithm(algorithm), value.lower()
        if not re.fullmatch(rf"[0-9a-f]{{{chosen.digits}}}", value):
            raise ValueError(
                f"a {chosen} checksum has {chosen.digits} hexadecimal digits, and "
                f"{value!r} has not"
            )
        return cls(chosen, value)

    @classmethod
    def parse(cls, text: str) -> Self:
        """ALGO:HEX.

        :raises ValueError: a sentence that says what is wrong
        """
        algorithm, colon, value = text.partition(":")
        if not colon:
            raise ValueError(f"{text!r} has no ':'; write ALGO:HEX")
        return cls.of(algorithm, value)
