# SPDX-License-Identifier: Apache-2.0
"""SSH keys: public ones alone, and nothing that authorized_keys takes otherwise."""

import pathlib
import shutil
import subprocess

import pytest

from golden.builders import PV, plan
from nova_xen import exceptions
from nova_xen.model import GuestSetup
from nova_xen.planning.ssh_keys import KEY_LIMIT, MOST_KEYS, check_keys, key_fault
from unit.planning.keys import ED25519, RSA, blob, key

P256 = b"nistp256"
GOOD = {
    "ed25519": ED25519,
    "rsa": RSA,
    "without a comment": key("ssh-ed25519", b"\x07" * 32),
    "a comment of words": key("ssh-ed25519", b"\x07" * 32, comment="my old laptop, ü"),
    "ecdsa": key("ecdsa-sha2-nistp256", P256, b"\x04" + b"\x01" * 64),
    "a security key": key("sk-ssh-ed25519@openssh.com", b"\x07" * 32, b"ssh:"),
    "an ecdsa security key": key(
        "sk-ecdsa-sha2-nistp256@openssh.com", P256, b"\x04" * 65, b"ssh:"
    ),
}
BAD = {
    "empty": "",
    "a private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "options": f'command="reboot" {ED25519}',
    "two lines": f"{ED25519}\n{RSA}",
    "a line end": f"{ED25519}\n",
    "options on a line of their own": f"{ED25519}\rrestrict {RSA}",
    "NUL": f"{ED25519}\x00",
    "a line separator": f"{ED25519}\u2028{RSA}",
    "an old type": key("ssh-dss", b"1", b"2", b"3", b"4"),
    "no Base64": "ssh-ed25519 AAAA!",
    "no key": "ssh-ed25519",
    "a type alone": "ssh-ed25519 " + blob(b"ssh-ed25519"),
    "two spaces": ED25519.replace(" ", "  ", 1),
    "another type inside": "ssh-ed25519 " + blob(b"ssh-rsa", b"1", b"2"),
    "cut off": RSA[:-8],
    "more behind it": "ssh-ed25519 " + blob(b"ssh-ed25519", b"\x07" * 32, b"x"),
    "an empty field": "ssh-rsa " + blob(b"ssh-rsa", b"", b"\x05"),
    "a length beyond the end": "ssh-ed25519 /////2E=",
    "too long": key("ssh-rsa", b"\x03", b"\x05" * KEY_LIMIT),
}


@pytest.mark.parametrize("case", GOOD)
def test_public_keys(case: str) -> None:
    assert key_fault(GOOD[case]) is None


@pytest.mark.parametrize("case", BAD)
def test_what_is_none(case: str) -> None:
    setup = GuestSetup(ssh_keys=(ED25519, BAD[case]))
    with pytest.raises(exceptions.InvalidRequest, match="SSH key 2 ") as refused:
        plan(PV, config_drive=True, setup=setup)
    if "PRIVATE" in BAD[case]:
        assert "give the public one" in str(refused.value)


def test_a_private_key_is_never_shown() -> None:
    secret = "-----BEGIN OPENSSH PRIVATE KEY-----b3BlbnNzaC1rZXk"
    with pytest.raises(exceptions.InvalidRequest) as refused:
        check_keys("web1", (secret,))
    assert "b3Blb" not in str(refused.value)


def test_too_many() -> None:
    check_keys("web1", (ED25519,) * MOST_KEYS)
    with pytest.raises(exceptions.InvalidRequest, match="101 SSH keys are too many"):
        check_keys("web1", (ED25519,) * (MOST_KEYS + 1))


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is missing")
@pytest.mark.parametrize(
    ("kind", "bits"), [("ed25519", 256), ("rsa", 2048), ("ecdsa", 384)]
)
def test_what_ssh_keygen_makes(tmp_path: pathlib.Path, kind: str, bits: int) -> None:
    file = tmp_path / "id"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-b", str(bits), "-N", "", "-f", str(file)],
        check=True,
    )
    line = file.with_suffix(".pub").read_text().rstrip("\n")
    assert key_fault(line) is None
    assert key_fault(file.read_text()) is not None
