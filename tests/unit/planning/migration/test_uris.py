# SPDX-License-Identifier: Apache-2.0
"""The addresses of a migration, and what is no address."""

import string
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen import exceptions
from nova_xen.model import MigrationOptions
from nova_xen.planning.migration import uris

TLS = MigrationOptions()


@pytest.mark.parametrize(
    ("options", "address", "uri"),
    [
        (TLS, "xen2", "xen+tls://xen2/system"),
        (TLS, "xen2.example.org", "xen+tls://xen2.example.org/system"),
        (TLS, "192.0.2.7", "xen+tls://192.0.2.7/system"),
        (TLS, "fd00::2", "xen+tls://[fd00::2]/system"),
        (TLS, "[fd00::2]", "xen+tls://[fd00::2]/system"),
        (TLS, "FD00:0:0::2", "xen+tls://[fd00::2]/system"),
        (MigrationOptions(scheme="xen+ssh"), "xen2", "xen+ssh://xen2/system"),
        (MigrationOptions(scheme="xen+tcp"), "::1", "xen+tcp://[::1]/system"),
        (
            MigrationOptions(uri="xen+ssh://a@%s:2/system"),
            "::1",
            "xen+ssh://a@[::1]:2/system",
        ),
        (
            MigrationOptions(uri="xen://%s/system", scheme="xen+tcp"),
            "b",
            "xen://b/system",
        ),
        (
            MigrationOptions(uri="xen+tls://%s/system?pkipath=/etc/pki"),
            "b",
            "xen+tls://b/system?pkipath=/etc/pki",
        ),
    ],
)
def test_destination(options: MigrationOptions, address: str, uri: str) -> None:
    assert uris.destination_uri(options, address) == uri


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("xen2", "tcp://xen2"),
        ("192.0.2.7", "tcp://192.0.2.7"),
        ("fd00::2", "tcp://[fd00::2]"),
    ],
)
def test_memory_stream(address: str, uri: str) -> None:
    assert uris.migrate_uri(address) == uri


@pytest.mark.parametrize(
    "template",
    [
        "qemu+tls://%s/system",
        "xen+unix://%s/system",
        "xen+ext://%s/system",
        "xen+tls://xen2/system",
        "xen+tls://%s/system?x=%s",
        "xen+tls://%s/system?x=%20",
        "xen+tls://%d/system",
        "xen+tls://%%s/system",
        "xen+tls://[%s]/system",
        "xen+tls://%s.example.org/system",
        "xen+tls://%s",
        "xen+tls://%s/sys tem",
        "xen+tls://%s/system\n",
        "-oProxyCommand=x://%s/",
        "%s",
        "",
    ],
)
def test_templates_that_are_refused(template: str) -> None:
    with pytest.raises(exceptions.InvalidConfig) as refused:
        uris.destination_uri(MigrationOptions(uri=template), "xen2")
    assert str(refused.value) == (
        f"The configuration is wrong: [libvirt] live_migration_uri is {template!r}; it "
        "must be a URI of Xen with one %s for the address and no other percent sign, "
        "such as xen+tls://%s/system."
    )


def test_the_uri_of_xend_is_told_about() -> None:
    options = MigrationOptions(uri="xenmigr://%s/system")
    with pytest.raises(exceptions.InvalidConfig) as refused:
        uris.destination_uri(options, "xen2")
    assert str(refused.value) == (
        "The configuration is wrong: [libvirt] live_migration_uri is "
        "'xenmigr://%s/system'; xenmigr belonged to xend, which is gone, use "
        "xen+tls://%s/system."
    )


@pytest.mark.parametrize("scheme", ["tls", "qemu+tls", "xen+unix", ""])
def test_schemes_that_are_refused(scheme: str) -> None:
    with pytest.raises(exceptions.InvalidConfig) as refused:
        uris.destination_uri(MigrationOptions(scheme=scheme), "xen2")
    assert f"live_migration_scheme is {scheme!r}; it must be one of xen+tls, " in str(
        refused.value
    )


NO_NAMES = [
    "",
    "-oProxyCommand=touch /tmp/x",
    "-xen2",
    "xen2-",
    "xen 2",
    " xen2",
    "xen2\n",
    "xen2\x00",
    "xen2/system",
    "../xen2",
    "xen2?command=/bin/sh",
    "xen2#a",
    "root@xen2",
    "xen2:16514",
    "192.0.2.7:22",
    "[192.0.2.7]",
    "[fd00::2]:22",
    "[fd00::2",
    "fe80::1%eth0",
    "%s",
    "xen%32",
    "$(reboot)",
    "`reboot`",
    "xen2;reboot",
    "a..b",
    ".xen2",
    "xen2.",
    "127.1",
    "1",
    "0x7f000001",
    "xen.0x7f",
    "0177.0.0.1",
    "x" * 64,
    ".".join(["abcdefgh"] * 30),
    "xén",
    "xen２",  # noqa: RUF001 (a digit of another script)
    "xen2\u202e",
]


@pytest.mark.parametrize("address", NO_NAMES)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(exceptions.MigrationRefused) as refused:
        uris.require_address(address, server="web1")
    sentence = str(refused.value)
    assert sentence.isprintable()
    assert sentence.startswith("Server web1 cannot be migrated to ")
    assert (
        ": that is neither a host name nor an IP address (a user or a port belongs "
        "into [libvirt] live_migration_uri). Nothing was changed."
    ) in sentence


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "ff02::1"])  # noqa: S104
def test_addresses_that_are_no_host(address: str) -> None:
    with pytest.raises(exceptions.MigrationRefused, match="that is no address of a ho"):
        uris.host_part(address)


@pytest.mark.parametrize(
    "address", ["xen2", "XEN2", "a", "xen_2", "2xen", "1.example", "xn--bcher-kva.ch"]
)
def test_names(address: str) -> None:
    assert uris.host_part(address) == address


@given(
    st.text(string.printable + "ä\u2028", max_size=40)
    | st.text("a1.-:[]@/%?", max_size=9)
)
def test_whatever_is_taken_is_a_host_and_nothing_else(text: str) -> None:
    """The URI's host is what went in, and nothing of it moves elsewhere."""
    try:
        uri = uris.destination_uri(TLS, text)
    except exceptions.MigrationRefused:
        return
    parts = urlsplit(uri)
    assert (parts.scheme, parts.path, parts.query) == ("xen+tls", "/system", "")
    assert (parts.username, parts.port, parts.fragment) == (None, None, "")
    assert parts.hostname == text.strip("[]").lower() or ":" in text


@given(st.ip_addresses())
def test_addresses_survive(address: uris.IPAddress) -> None:
    if address.is_unspecified or address.is_multicast:
        return
    assert uris.ip_address(uris.host_part(str(address))) == address


@pytest.mark.parametrize(
    ("uri", "unprotected"),
    [
        ("xen+tcp://a/system", True),
        ("xen+tls://a/system", False),
        ("xen+ssh://a/system", False),
        ("xen://a/system", False),
    ],
)
def test_what_is_open_to_everybody(uri: str, unprotected: bool) -> None:
    assert uris.is_unprotected(uri) is unprotected


def test_the_warning() -> None:
    assert uris.unprotected_warning("xen2") == (
        "the connection to xen2 is not encrypted and asks nobody who he is: whoever "
        "reaches that port rules all guests of that host, choose "
        "live_migration_scheme tls or ssh"
    )
