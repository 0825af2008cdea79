# SPDX-License-Identifier: Apache-2.0
"""Requests go to the worker and come out as they were."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from nova_xen.injection.guest.request import Request, from_line, to_line
from nova_xen.model import DiskFormat, GuestSetup, InjectedFile, Nic, NicAddress

TEXT = st.text(max_size=8)
FILES = st.builds(
    InjectedFile,
    path=TEXT,
    content=st.binary(max_size=20),
    mode=st.none() | st.integers(0, 0o777),
)
ADDRESSES = st.builds(
    NicAddress,
    address=st.ip_addresses().map(ipaddress.ip_interface),
    gateway=st.none() | st.ip_addresses(),
)
REQUESTS = st.builds(
    Request,
    path=TEXT,
    format=st.sampled_from(DiskFormat),
    partition=st.integers(-1, 9),
    folder=TEXT,
    cache=TEXT,
    memory_mib=st.integers(1),
    setup=st.builds(
        GuestSetup,
        hostname=st.none() | TEXT,
        ssh_keys=st.lists(TEXT).map(tuple),
        admin_password=st.none() | TEXT,
        files=st.lists(FILES).map(tuple),
        metadata=st.dictionaries(TEXT, TEXT),
    ),
    nics=st.lists(
        st.builds(
            Nic,
            bridge=TEXT,
            mac=TEXT,
            mtu=st.none() | st.integers(),
            addresses=st.lists(ADDRESSES, max_size=3).map(tuple),
            dns=st.lists(st.ip_addresses(), max_size=3).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    template=st.none() | TEXT,
)


@given(REQUESTS)
def test_a_request_is_one_line_and_comes_back(request: Request) -> None:
    line = to_line(request)
    assert line.count(b"\n") == 1
    assert from_line(line) == request
