# SPDX-License-Identifier: Apache-2.0
import argparse
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.cli import values
from nova_xen.cli.values import NetworkSpec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("bridge=br0", NetworkSpec(bridge="br0")),
        (
            "mac=00:16:3e:00:00:01,bridge=br0",
            NetworkSpec(bridge="br0", mac="00:16:3e:00:00:01"),
        ),
        ("bridge=br0,mtu=9000", NetworkSpec(bridge="br0", mtu=9000)),
        (
            "bridge=br0,model=e1000,script=vif-route",
            NetworkSpec(bridge="br0", model="e1000", script="vif-route"),
        ),
        ("bridge=br0,script=/a=b", NetworkSpec(bridge="br0", script="/a=b")),
    ],
)
def test_network(text: str, spec: NetworkSpec) -> None:
    assert values.network(text) == spec


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty part"),
        ("bridge=br0,", "empty part"),
        ("bridge=br0,,mtu=1", "empty part"),
        ("br0", "'br0' has no '='"),
        ("bridge=", "'bridge' has no value"),
        ("=br0", "no key before"),
        ("mac=00:16:3e:00:00:01", "names no bridge"),
        ("bridge=a,bridge=b", "'bridge' is given twice"),
        ("brigde=a", "unknown key 'brigde'; the keys are bridge, mac, model, mtu, scr"),
        ("bridge=a,mtu=big", "whole number of bytes (mtu) is needed, not 'big'"),
        ("bridge=a,mtu=0", "at least 1"),
        ("bridge=a,ip=192.0.2.5", "'192.0.2.5' has no length of its prefix; write"),
        ("bridge=a,ip=web/24", "'web/24' is no address with its prefix"),
        ("bridge=a,ip=192.0.2.5/33", "'192.0.2.5/33' is no address with"),
        ("bridge=a,ip=", "'ip' has no value"),
        ("bridge=a,dns=web", "'web' is no address such as 192.0.2.1"),
        ("bridge=a,gateway=192.0.2.1", "gateway 192.0.2.1 is in the network of no ip="),
        ("bridge=a,ip=192.0.2.5/24,gateway=::1", "gateway ::1 is in the network of no"),
        ("bridge=a,ip=192.0.2.5/24,gateway=fe80::1", "fe80::1 is in the network of no"),
        (
            "bridge=a,ip=192.0.2.5/24,gateway=192.0.3.1",
            "192.0.3.1 is in the network of",
        ),
        (
            "bridge=a,ip=192.0.2.5/24,gateway=192.0.2.1,gateway=192.0.2.2",
            "192.0.2.2 is in the network of no ip= that has none yet",
        ),
    ],
)
def test_wrong_network(text: str, why: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=re.escape(why)):
        values.network(text)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("ip=192.0.2.5/24", [("192.0.2.5/24", None)]),
        ("ip=192.0.2.5/24,gateway=192.0.2.1", [("192.0.2.5/24", "192.0.2.1")]),
        ("gateway=192.0.2.1,ip=192.0.2.5/24", [("192.0.2.5/24", "192.0.2.1")]),
        (
            "ip=192.0.2.5/24,ip=2001:db8::5/64,gateway=2001:db8::1,gateway=192.0.2.1",
            [("192.0.2.5/24", "192.0.2.1"), ("2001:db8::5/64", "2001:db8::1")],
        ),
        (
            "ip=192.0.2.5/24,ip=2001:db8::5/64,gateway=fe80::1",
            [("192.0.2.5/24", None), ("2001:db8::5/64", "fe80::1")],
        ),
        (
            "ip=198.18.0.5/24,ip=192.0.2.5/24,gateway=192.0.2.1",
            [("198.18.0.5/24", None), ("192.0.2.5/24", "192.0.2.1")],
        ),
        (
            "ip=192.0.2.5/24,ip=192.0.2.6/24,gateway=192.0.2.1,gateway=192.0.2.2",
            [("192.0.2.5/24", "192.0.2.1"), ("192.0.2.6/24", "192.0.2.2")],
        ),
    ],
)
def test_addresses(text: str, pairs: list[tuple[str, str | None]]) -> None:
    found = values.network(f"bridge=br0,{text}").addresses
    assert [
        (str(each.address), str(each.gateway) if each.gateway else None)
        for each in found
    ] == pairs


def test_name_servers() -> None:
    found = values.network("dns=192.0.2.53,bridge=br0,dns=2001:db8::53").dns
    assert [str(server) for server in found] == ["192.0.2.53", "2001:db8::53"]


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("a=b", ("a", "b")),
        ("hw:cpu=x", ("hw:cpu", "x")),
        ("a=b=c", ("a", "b=c")),
        ("a==", ("a", "=")),
        ("a= ", ("a", " ")),
    ],
)
def test_key_value(text: str, pair: tuple[str, str]) -> None:
    assert values.key_value(text) == pair


@pytest.mark.parametrize("text", ["", "a", "a=", "=", "=b"])
def test_wrong_key_value(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write "):
        values.key_value(text)


@pytest.mark.parametrize(
    ("least", "text", "number"), [(0, "0", 0), (1, "1", 1), (0, "007", 7)]
)
def test_whole(least: int, text: str, number: int) -> None:
    assert values.whole(least)(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1G", " 1", "٣", "1_0", "9" * 19])
def test_wrong_whole(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="a whole number of MiB"):
        values.whole(0, "MiB")(text)


def test_whole_below_its_least() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="at least 1 of MiB"):
        values.whole(1, "MiB")("0")


@pytest.mark.parametrize("text", ["", "(", "[a"])
def test_wrong_pattern(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expression"):
        values.pattern(text)


def test_a_pattern_knows_lines() -> None:
    assert values.pattern("^login:$").search("boot\nlogin:\n")


WORD = st.text(st.characters(exclude_characters=",="), min_size=1)


@given(
    st.fixed_dictionaries(
        {"bridge": WORD}, optional={"mac": WORD, "model": WORD, "script": WORD}
    )
)
def test_what_is_written_is_read(items: dict[str, str]) -> None:
    text = ",".join(f"{key}={value}" for key, value in items.items())
    assert values.network(text) == NetworkSpec(**items)  # type: ignore[arg-type]
