# SPDX-License-Identifier: Apache-2.0
import pytest

from nova_xen.model import Checksum, HashAlgorithm


@pytest.mark.parametrize(
    ("text", "algorithm", "value"),
    [
        ("sha256:" + "aB" * 32, HashAlgorithm.SHA256, "ab" * 32),
        ("sha512:" + "01" * 64, HashAlgorithm.SHA512, "01" * 64),
    ],
)
def test_a_checksum_is_read_and_written(
    text: str, algorithm: HashAlgorithm, value: str
) -> None:
    found = Checksum.parse(text)
    assert found == Checksum(algorithm, value)
    assert str(found) == text.lower()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no ':'; write ALGO:HEX"),
        ("0" * 64, "has no ':'"),
        ("md5:" + "0" * 32, "'md5' is not known; use one of sha256, sha512"),
        ("SHA256:" + "0" * 64, "'SHA256' is not known"),
        ("sha256:", "has 64 hexadecimal digits, and '' has not"),
        ("sha256:" + "0" * 63, "64 hexadecimal digits"),
        ("sha512:" + "0" * 64, "128 hexadecimal digits"),
        ("sha256:" + "g" * 64, "64 hexadecimal digits"),
        ("sha256:" + "0" * 64 + "\n", "64 hexadecimal digits"),
    ],
)
def test_what_is_none_is_told(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Checksum.parse(text)
