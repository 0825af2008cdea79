# SPDX-License-Identifier: Apache-2.0
"""Password, metadata, user data and vendor data: what cannot be told."""

from typing import Any

import pytest

from golden.builders import PV, plan
from nova_xen import exceptions
from nova_xen.model import MIB, GuestSetup

LOOP: dict[str, Any] = {}
LOOP["self"] = LOOP

GOOD: list[dict[str, Any]] = [
    {"admin_password": "a:b c$6$ü"},
    {"admin_password": "x" * 127},
    {"metadata": {"role": "web", "a b:c.d_e-f": "ü\n\t" + "x" * 250, "empty": ""}},
    {"metadata": {f"key{n}": "" for n in range(128)}},
    {"user_data": b"#cloud-config\n"},
    {"user_data": b"\x1f\x8b" + bytes(MIB - 2)},
    {"vendor_data": {}},
    {"vendor_data": {"a": [1, 2.5, None, True, {"ü": "x"}]}},
]
BAD: list[tuple[dict[str, Any], str]] = [
    ({"admin_password": ""}, "admin password is empty"),
    ({"admin_password": "x" * 128}, "more than 127 characters"),
    ({"admin_password": "hunter2\nroot::0"}, "control character in it"),
    ({"admin_password": "hunter2\x00"}, "control character in it"),
    ({"admin_password": "hunter2\ud800"}, "control character in it"),
    ({"metadata": {"": "x"}}, "'' is no key of metadata"),
    ({"metadata": {"a\n": "x"}}, "is no key of metadata"),
    ({"metadata": {"a/b": "x"}}, "is no key of metadata"),
    ({"metadata": {"x" * 256: "x"}}, "is no key of metadata"),
    ({"metadata": {"a": "hunter2" * 37}}, "'a' has more than 255"),
    ({"metadata": {"a": "hunter2\x00"}}, "metadata 'a' is no text"),
    ({"metadata": {"a": "\ud800"}}, "metadata 'a' is no text"),
    ({"metadata": {f"key{n}": "" for n in range(129)}}, "more than 128 items"),
    ({"user_data": b""}, "user data is empty"),
    ({"user_data": bytes(MIB + 1)}, "user data is larger than 1 MiB"),
    ({"vendor_data": {"a": b"bytes"}}, "cannot be written as JSON"),
    ({"vendor_data": {"a": float("nan")}}, "cannot be written as JSON"),
    ({"vendor_data": LOOP}, "cannot be written as JSON"),
    ({"vendor_data": {"a": "x" * MIB}}, "vendor data is larger than 1 MiB"),
]


@pytest.mark.parametrize("setup", GOOD)
def test_what_can_be_told(setup: dict[str, Any]) -> None:
    planned = plan(PV, config_drive=True, setup=GuestSetup(**setup))
    assert planned.config_drive is not None


@pytest.mark.parametrize(("setup", "why"), BAD)
def test_what_cannot(setup: dict[str, Any], why: str) -> None:
    with pytest.raises(exceptions.InvalidRequest) as refused:
        plan(PV, config_drive=True, setup=GuestSetup(**setup))
    assert why in str(refused.value)
    assert "hunter2" not in str(refused.value)
