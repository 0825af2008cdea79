# SPDX-License-Identifier: Apache-2.0
"""Host names: which are taken, and which a server gets by its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.builders import PV, plan
from nova_xen import exceptions
from nova_xen.model import GuestSetup
from nova_xen.planning.hostnames import LABEL_LIMIT, check_hostname, default_hostname
from nova_xen.planning.names import NAME


@pytest.mark.parametrize(
    "hostname",
    ["web", "WEB1", "a", "7up", "3com", "x-1.example.org", "a" * 63, "1.2.3.4a"],
)
def test_host_names(hostname: str) -> None:
    check_hostname("web1", hostname)


@pytest.mark.parametrize(
    "hostname",
    [
        *("", "-web", "web-", "a..b", ".a", "a.", "we_b", "we b", "größe", "a\n", "1"),
        *("192.0.2.1", "web.1", "a" * 64, "a." * 32 + "b", "$(reboot)", "a\x00b", "٣a"),
    ],
)
def test_what_is_none(hostname: str) -> None:
    with pytest.raises(exceptions.InvalidRequest, match="is no host name; one has"):
        check_hostname("web1", hostname)


def test_planning_looks_at_it() -> None:
    with pytest.raises(exceptions.InvalidRequest, match=r"'a_b' is no host name.*-"):
        plan(PV, config_drive=True, setup=GuestSetup(hostname="a_b"))


@pytest.mark.parametrize(
    ("name", "hostname"),
    [
        ("web1", "web1"),
        ("Web_1", "web-1"),
        ("db.example.org", "db-example-org"),
        ("a+._b", "a-b"),
        ("a-", "a"),
        ("7_", "server-7"),
        ("x" * 200, "x" * LABEL_LIMIT),
        ("x" * 62 + "_y", "x" * 62),
    ],
)
def test_by_the_name_of_the_server(name: str, hostname: str) -> None:
    assert default_hostname(name) == hostname


@given(st.from_regex(NAME, fullmatch=True))
def test_every_name_of_a_server_gives_a_host_name(name: str) -> None:
    check_hostname(name, default_hostname(name))
