# SPDX-License-Identifier: Apache-2.0
"""What the guest is told: from files and words of the command line to the request."""

import os
import pathlib
from ipaddress import ip_address, ip_interface

import pytest

from nova_xen.model import GuestSetup, InjectedFile, NicAddress
from unit.cli.stub import Cli, StubDriver, create
from unit.planning.keys import ED25519, RSA

MIB = 1024**2
SECRET = "hunter2"


class Files:
    """Files that are given to the command."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def __call__(self, name: str, content: bytes | str) -> str:
        path = self._folder / name
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        return str(path)


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Files:
    return Files(tmp_path)


def everything(write: Files) -> list[str]:
    keys = f"# mine\n{ED25519}\r\n\n"
    motd, more = write("motd", b"\x00\xff" + SECRET.encode()), write("more", "")
    return [
        *("--config-drive", "--hostname", "web.example.org"),
        *("--file", f"/etc/motd={motd}", "--file", f"/srv/a b={more}"),
        *("--key-file", write("a.pub", keys), "--key-file", write("b.pub", RSA)),
        *("--admin-pass-file", write("password", f"{SECRET}\nnot this\n")),
        *("--meta", "role=web", "--meta", f"a=b={SECRET}"),
        *("--user-data", write("user", f"#!/bin/sh\n{SECRET}\n")),
        *("--vendor-data", write("vendor", '{"a": [1]}')),
        *("--network", "bridge=br0,ip=192.0.2.5/24,gateway=192.0.2.1,dns=192.0.2.53"),
    ]


def test_all_of_it_reaches_the_request(
    cli: Cli, driver: StubDriver, write: Files
) -> None:
    ended = cli(*create(*everything(write)))
    assert (ended.code, ended.err) == (0, "")
    request = driver.request
    assert request is not None
    assert request.config_drive
    assert request.setup == GuestSetup(
        hostname="web.example.org",
        ssh_keys=(ED25519, RSA),
        admin_password=SECRET,
        files=(
            InjectedFile(path="/etc/motd", content=b"\x00\xffhunter2"),
            InjectedFile(path="/srv/a b", content=b""),
        ),
        metadata={"role": "web", "a": "b=hunter2"},
        user_data=b"#!/bin/sh\nhunter2\n",
        vendor_data={"a": [1]},
    )
    (nic,) = request.nics
    gateway = ip_address("192.0.2.1")
    address = NicAddress(address=ip_interface("192.0.2.5/24"), gateway=gateway)
    assert (nic.addresses, nic.dns) == ((address,), (ip_address("192.0.2.53"),))


def test_nothing_of_it(cli: Cli, driver: StubDriver) -> None:
    cli(*create("--network", "bridge=br0"))
    request = driver.request
    assert request is not None
    assert request.setup == GuestSetup()
    assert not request.config_drive
    assert (request.nics[0].addresses, request.nics[0].dns) == ((), ())


@pytest.mark.parametrize("options", [("--dry-run",), ("-v", "-v", "--dry-run"), ()])
def test_no_secret_is_shown(
    cli: Cli, write: Files, options: tuple[str, ...], tmp_path: pathlib.Path
) -> None:
    log = tmp_path / "log"
    ended = cli("--log-file", str(log), *create(*everything(write), *options))
    assert ended.code == 0
    assert SECRET not in ended.out + ended.err + log.read_text()


def test_explain_tells_what_but_not_how(cli: Cli, write: Files) -> None:
    ended = cli("explain", *create(*everything(write), "-f", "json")[2:])
    assert SECRET not in ended.out + ended.err
    (why,) = (row["Why"] for row in ended.json if row["Element"] == "config drive")
    assert why == (
        "asked for with the server; it tells the guest a host name, SSH keys, an admin "
        "password, files, metadata, user data, vendor data, addresses"
    )


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--file", "/a", "'/a' is no pair of paths; write /PATH/IN/GUEST=FILE"),
        ("--file", "/a=", "is no pair of paths"),
        ("--file", "=/a", "is no pair of paths"),
        ("--file", "etc/motd=/dev/null", "'etc/motd' is no absolute path in the guest"),
        ("--file", "/a=/nonexistent", "'/nonexistent' cannot be read: No such file"),
        ("--file", "/a=/etc", "'/etc' cannot be read: Is a directory"),
        ("--file", "/a=/dev/zero", "'/dev/zero' is larger than 1 MiB"),
        ("--file", "/a=/a\x00b", "embedded null byte"),
        ("--key-file", "/nonexistent", "cannot be read"),
        ("--key-file", "/dev/null", "there is no key in '/dev/null'"),
        ("--key-file", "/dev/zero", "is larger than 1 MiB"),
        ("--admin-pass-file", "/nonexistent", "cannot be read"),
        ("--admin-pass-file", "/dev/null", "the first line of '/dev/null' is empty"),
        ("--user-data", "/nonexistent", "cannot be read"),
        ("--user-data", "/dev/zero", "is larger than 1 MiB"),
        ("--vendor-data", "/nonexistent", "cannot be read"),
        ("--vendor-data", "/dev/null", "'/dev/null' is no JSON object"),
        ("--meta", "a", "'a' has no '='"),
        ("--network", "bridge=br0,ip=192.0.2.5", "has no length of its prefix"),
    ],
)
def test_usage_errors(cli: Cli, option: str, value: str, why: str) -> None:
    ended = cli(*create(option, value))
    assert ended.code == 2
    last = ended.err.splitlines()[-1]
    assert f"argument {option}: " in last
    assert why in last
    assert (ended.out, cli.opened) == ("", [])


@pytest.mark.parametrize(
    ("option", "content", "why"),
    [
        ("--key-file", b"\xff\xfe", "is no text in UTF-8"),
        ("--key-file", b"# only a comment\n\n", "there is no key in"),
        ("--admin-pass-file", b"\xff\n", "is no text in UTF-8"),
        ("--vendor-data", b"[1]", "is no JSON object"),
        ("--vendor-data", b'{"a": ', "is no JSON object"),
        ("--vendor-data", b"[" * 100_000, "is no JSON object"),
        ("--user-data", b"x" * (MIB + 1), "is larger than 1 MiB"),
    ],
)
def test_files_that_are_none(
    cli: Cli, write: Files, option: str, content: bytes, why: str
) -> None:
    ended = cli(*create(option, write("file", content)))
    assert ended.code == 2
    assert why in ended.err.splitlines()[-1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(cli: Cli, write: Files) -> None:
    path = write("file", "x")
    os.chmod(path, 0)
    ended = cli(*create("--file", f"/a={path}"))
    assert "Permission denied" in ended.err


def test_a_pipe_will_do(cli: Cli, driver: StubDriver) -> None:
    """As of a shell's <(…), so that a secret need not be in a file."""
    reading, writing = os.pipe()
    os.write(writing, b"hunter2\n")
    os.close(writing)
    cli(*create("--admin-pass-file", f"/dev/fd/{reading}", "--config-drive"))
    os.close(reading)
    assert driver.request is not None
    assert driver.request.setup.admin_password == SECRET


def test_a_private_key_is_refused_and_not_shown(
    cli: Cli, write: Files, driver: StubDriver
) -> None:
    text = "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n"
    ended = cli(*create("--config-drive", "--key-file", write("id", text)))
    assert ended.code == 1
    assert "SSH key 1 is a private key; give the public one" in ended.err
    assert SECRET not in ended.err
