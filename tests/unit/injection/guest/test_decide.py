# SPDX-License-Identifier: Apache-2.0
"""From facts to edits."""

from __future__ import annotations

import configparser
import dataclasses
import ipaddress
import json
from typing import Any

import pytest
import yaml

from nova_xen.injection.guest import facts as places
from nova_xen.injection.guest.decide import check, decide
from nova_xen.injection.guest.edits import Edit, WriteFile
from nova_xen.injection.guest.facts import GuestFacts
from nova_xen.injection.guest.keys import merged
from nova_xen.injection.guest.network import NetworkKind, choose_network
from nova_xen.injection.guest.problems import Refused
from nova_xen.injection.guest.shadow import hash_prefix
from nova_xen.model import GuestSetup, InjectedFile, Nic, NicAddress

UDEV_FILE = "/etc/udev/rules.d/70-nova-xen-net.rules"
SHADOW = b"root:*:1:0:99999:7:::\nbin:*:2:0:9:7:::\n"
KEY = "ssh-ed25519 AAAA me"
STATIC = Nic(
    bridge="br0",
    mac="00:16:3E:00:00:01",
    mtu=1400,
    addresses=(
        NicAddress(
            address=ipaddress.ip_interface("192.0.2.5/24"),
            gateway=ipaddress.ip_address("192.0.2.1"),
        ),
        NicAddress(address=ipaddress.ip_interface("192.0.2.6/24")),
        NicAddress(
            address=ipaddress.ip_interface("2001:db8::5/64"),
            gateway=ipaddress.ip_address("2001:db8::1"),
        ),
    ),
    dns=(ipaddress.ip_address("192.0.2.53"), ipaddress.ip_address("2001:db8::53")),
)
DHCP = Nic(bridge="br0", mac="00:16:3e:00:00:02")
IFUPDOWN = ("/sbin/ifup", places.IFUPDOWN)


def facts(*present: str, **contents: bytes) -> GuestFacts:
    named = {
        "shadow": places.SHADOW,
        "hosts": places.HOSTS,
        "passwd": places.PASSWD,
    }
    found = {named[name]: text for name, text in contents.items()}
    return GuestFacts(contents=found, present=frozenset({"/etc", *present}))


def decided(
    setup: GuestSetup,
    found: GuestFacts,
    *nics: Nic,
    template: str | None = None,
    owners: bool = True,
) -> dict[str, WriteFile]:
    edits: tuple[Edit, ...] = decide(
        setup,
        nics,
        found,
        template=template,
        today=20000,
        hasher=lambda password, prefix: f"{prefix}hash of {password}",
        owners=owners,
    )
    return {edit.path: edit for edit in edits if isinstance(edit, WriteFile)}


def text(edits: dict[str, WriteFile], path: str) -> str:
    return edits[path].content.decode()


@pytest.mark.parametrize(
    ("present", "kind"),
    [
        ([*places.NETPLAN[:1], *places.IFUP], NetworkKind.NETPLAN),
        (["/sbin/netplan"], NetworkKind.NETPLAN),
        (["/usr/sbin/ifup", *IFUPDOWN, places.INTERFACES], NetworkKind.DEBIAN),
        ([*IFUPDOWN], NetworkKind.DEBIAN),
        ([*IFUPDOWN, "/usr/sbin/NetworkManager"], NetworkKind.DEBIAN),
        # NetworkManager's own ifup, on Fedora and its kin
        (["/usr/sbin/ifup", "/usr/sbin/NetworkManager"], NetworkKind.NETWORK_MANAGER),
        (["/usr/bin/NetworkManager"], NetworkKind.NETWORK_MANAGER),
        ([*places.NETWORKD_ENABLED, *IFUPDOWN], NetworkKind.NETWORKD),
        (
            [*places.NETWORKD_ENABLED, *IFUPDOWN, places.INTERFACES],
            NetworkKind.DEBIAN,
        ),
        ([*places.NETWORKD_ENABLED, places.INTERFACES], NetworkKind.NETWORKD),
        ([*places.NETWORKD_ENABLED], NetworkKind.NETWORKD),
    ],
)
def test_the_network_is_the_guests_own(present: list[str], kind: NetworkKind) -> None:
    assert choose_network(facts(*present))[0] is kind


def test_a_guest_without_a_known_network_is_refused() -> None:
    with pytest.raises(Refused, match="none of netplan"):
        decided(GuestSetup(), facts(), STATIC)


def test_dhcp_alone_writes_nothing() -> None:
    assert decided(GuestSetup(), facts(), DHCP) == {}


def test_debian_interfaces() -> None:
    edits = decided(GuestSetup(), facts(*IFUPDOWN, places.UDEV_RULES), STATIC, DHCP)
    assert text(edits, places.INTERFACES).split("\n\n", 1)[1] == (
        "auto lo\niface lo inet loopback\n\n"
        "auto nova0\n"
        "iface nova0 inet static\n    address 192.0.2.5/24\n    gateway 192.0.2.1\n"
        "    dns-nameservers 192.0.2.53 2001:db8::53\n    mtu 1400\n"
        "iface nova0 inet static\n    address 192.0.2.6/24\n"
        "iface nova0 inet6 static\n    address 2001:db8::5/64\n"
        "    gateway 2001:db8::1\n\n"
        "auto nova1\niface nova1 inet dhcp\n"
    )
    rules = text(edits, UDEV_FILE).splitlines()[1:]
    start = 'SUBSYSTEM=="net", ACTION=="add", ATTR{address}=='
    assert rules == [
        f'{start}"00:16:3e:00:00:01", NAME="nova0"',
        f'{start}"00:16:3e:00:00:02", NAME="nova1"',
    ]


@pytest.mark.parametrize(
    ("present", "nics"),
    [((places.UDEV_RULES,), (STATIC,)), ((), (STATIC, DHCP))],
    ids=["one interface", "no udev"],
)
def test_the_kernels_names_are_kept_where_they_cannot_clash(
    present: tuple[str, ...], nics: tuple[Nic, ...]
) -> None:
    edits = decided(GuestSetup(), facts(*IFUPDOWN, *present), *nics)
    assert "auto eth0\n" in text(edits, places.INTERFACES)
    assert (UDEV_FILE in edits) is bool(present)
    assert not present or 'NAME="eth0"' in text(edits, UDEV_FILE)


@pytest.mark.parametrize("place", [*places.UDEV, None])
def test_names_are_given_where_there_is_udev(place: str | None) -> None:
    present = [*IFUPDOWN, *([place] if place else [])]
    edits = decided(GuestSetup(), facts(*present), STATIC)
    assert (UDEV_FILE in edits) is bool(place)


@pytest.mark.parametrize(
    ("present", "odd", "written"),
    [
        (IFUPDOWN, {}, True),
        (places.NETWORKD_ENABLED, {}, True),
        (IFUPDOWN, {places.RESOLV: "a link"}, False),
        ((*IFUPDOWN, "/sbin/resolvconf"), {}, False),
        ((*places.NETWORKD_ENABLED, "/lib/systemd/systemd-resolved"), {}, False),
        (("/usr/sbin/NetworkManager",), {}, False),
    ],
)
def test_name_servers_where_nothing_else_takes_them(
    present: tuple[str, ...], odd: dict[str, str], written: bool
) -> None:
    found = GuestFacts(present=frozenset({"/etc", *present}), odd=odd)
    servers = tuple(ipaddress.ip_address(f"192.0.2.{n}") for n in (5, 6, 5, 7, 8))
    many = dataclasses.replace(STATIC, dns=servers)
    edits = decided(GuestSetup(), found, many)
    lines = text(edits, places.RESOLV).splitlines()[1:] if written else []
    assert lines == [f"nameserver 192.0.2.{n}" for n in (5, 6, 7) if written]
    assert (places.RESOLV in edits) is written
    assert places.RESOLV not in decided(
        GuestSetup(), found, dataclasses.replace(STATIC, dns=())
    )


def test_a_template_gets_novas_variables() -> None:
    template = (
        "{% for ifc in interfaces %}{{ ifc.name }} {{ ifc.hwaddress }} "
        "{{ ifc.address }} {{ ifc.netmask }} {{ ifc.broadcast }} "
        "{{ ifc.gateway }} {{ ifc.dns }} "
        "{{ ifc.address_v6 }} {{ ifc.netmask_v6 }} {{ ifc.gateway_v6 }}"
        "{% for route in ifc.routes %}{{ route.cidr }}{% endfor %}{% endfor %}"
        "\n\n{{ use_ipv6 }} {{ libvirt_virt_type }}"
    )
    edits = decided(GuestSetup(), facts(*IFUPDOWN), STATIC, template=template)
    assert text(edits, places.INTERFACES) == (
        "eth0 00:16:3e:00:00:01 192.0.2.5 255.255.255.0 192.0.2.255 192.0.2.1 "
        "192.0.2.53 2001:db8::53 2001:db8::5 64 2001:db8::1\nTrue xen"
    )


@pytest.mark.parametrize(
    "template",
    ["{% for", "{{ 1 / 0 }}", "{{ ''.__class__.__mro__[1]() }}", "{{ x.y }}"],
)
def test_a_wrong_template_is_refused_before_anything_starts(template: str) -> None:
    with pytest.raises(Refused, match="the network template is wrong"):
        check(GuestSetup(), (STATIC,), template)


def test_netplan() -> None:
    edits = decided(GuestSetup(), facts("/usr/sbin/netplan"), STATIC, DHCP)
    edit = edits["/etc/netplan/90-nova-xen.yaml"]
    assert edit.mode == 0o600
    assert yaml.safe_load(edit.content) == {
        "network": {
            "version": 2,
            "ethernets": {
                # of the files that netplan makes of them, the first by name wins
                "0-nova-xen-0": {
                    "match": {"macaddress": "00:16:3e:00:00:01"},
                    "dhcp4": False,
                    "mtu": 1400,
                    "addresses": ["192.0.2.5/24", "192.0.2.6/24", "2001:db8::5/64"],
                    "routes": [
                        {"to": "0.0.0.0/0", "via": "192.0.2.1"},
                        {"to": "::/0", "via": "2001:db8::1"},
                    ],
                    "nameservers": {"addresses": ["192.0.2.53", "2001:db8::53"]},
                },
                "0-nova-xen-1": {
                    "match": {"macaddress": "00:16:3e:00:00:02"},
                    "dhcp4": True,
                },
            },
        }
    }


def test_networkd() -> None:
    edits = decided(GuestSetup(), facts(*places.NETWORKD_ENABLED), STATIC, DHCP)
    assert text(edits, "/etc/systemd/network/00-nova-xen-0.network").split("\n", 1)[
        1
    ] == (
        "[Match]\nMACAddress=00:16:3e:00:00:01\n\n[Link]\nMTUBytes=1400\n\n"
        "[Network]\nAddress=192.0.2.5/24\nAddress=192.0.2.6/24\n"
        "Address=2001:db8::5/64\nGateway=192.0.2.1\nGateway=2001:db8::1\n"
        "DNS=192.0.2.53\nDNS=2001:db8::53\n"
    )
    dhcp = text(edits, "/etc/systemd/network/00-nova-xen-1.network")
    assert dhcp.split("\n", 1)[1] == (
        "[Match]\nMACAddress=00:16:3e:00:00:02\n\n[Network]\nDHCP=yes\n"
    )


def test_network_manager() -> None:
    edits = decided(GuestSetup(), facts("/usr/sbin/NetworkManager"), STATIC, DHCP)
    folder = "/etc/NetworkManager/system-connections"
    edit = edits[f"{folder}/nova-xen-0.nmconnection"]
    assert (edit.mode, edit.owned) == (0o600, True)
    read = configparser.ConfigParser()
    read.read_string(edit.content.decode())
    assert dict(read["ipv4"]) == {
        "method": "manual",
        "address1": "192.0.2.5/24,192.0.2.1",
        "address2": "192.0.2.6/24",
        "dns": "192.0.2.53;",
    }
    assert read["ipv6"]["address1"] == "2001:db8::5/64,2001:db8::1"
    assert dict(read["ethernet"]) == {"mac-address": "00:16:3e:00:00:01", "mtu": "1400"}
    assert read["connection"]["type"] == "ethernet"
    assert read["connection"]["autoconnect-priority"] == "999"  # the most
    other = configparser.ConfigParser()
    other.read_string(text(edits, f"{folder}/nova-xen-1.nmconnection"))
    assert {other[family]["method"] for family in ("ipv4", "ipv6")} == {"auto"}
    assert other["connection"]["uuid"] != read["connection"]["uuid"]


def test_cloud_init_is_told_to_leave_it() -> None:
    found = facts(*IFUPDOWN, places.CLOUD_INIT)
    edits = decided(GuestSetup(hostname="web"), found, STATIC)
    told = json.loads(text(edits, f"{places.CLOUD_INIT}/99-nova-xen.cfg"))
    assert told == {"network": {"config": "disabled"}, "preserve_hostname": True}
    assert decided(GuestSetup(ssh_keys=(KEY,)), found).keys() == {
        places.AUTHORIZED_KEYS
    }


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("web", b"127.0.1.1 old\n", b"127.0.1.1\tweb\n"),
        (
            "web.a.org",
            b"1.2.3.4 x\n127.0.1.1\told o",
            b"1.2.3.4 x\n127.0.1.1\tweb.a.org web",
        ),
        ("web", b"127.0.0.1 localhost\n", None),
        (
            "web",
            b"\xff127.0.1.1 x\n127.0.1.1 y\n",
            b"\xff127.0.1.1 x\n127.0.1.1\tweb\n",
        ),
    ],
)
def test_hostname(name: str, old: bytes, new: bytes | None) -> None:
    edits = decided(GuestSetup(hostname=name), facts(hosts=old))
    assert text(edits, places.HOSTNAME) == f"{name}\n"
    found = edits.get(places.HOSTS)
    assert (found.content if found else None) == new


@pytest.mark.parametrize(
    ("old", "keys", "new"),
    [
        ("", ("k a",), "k a\n"),
        ("k old", ("k a",), "k old\nk a\n"),
        ("k old\n", ("k a", "k a"), "k old\nk a\n"),
        ("k a\r\n", ("k a",), "k a\r\n"),
        ("# k a\n", ("k a\n",), "# k a\nk a\n"),
        ("\udcff\n", ("k a",), "\udcff\nk a\n"),
    ],
)
def test_keys_are_appended_once(old: str, keys: tuple[str, ...], new: str) -> None:
    assert merged(old, keys) == new


def test_the_password_replaces_hash_and_date_alone() -> None:
    found = facts(shadow=b"a:b\nroot:!$y$x:1:0:99999:7:::\n\xff:*\n")
    edits = decided(GuestSetup(admin_password="pw"), found)
    assert edits[places.SHADOW].content == (
        b"a:b\nroot:$y$hash of pw:20000:0:99999:7:::\n\xff:*\n"
    )
    assert edits[places.SHADOW].mode is None


@pytest.mark.parametrize(
    ("day", "left"),
    [("1", ""), ("20000", ""), ("20001", "20001"), ("", ""), ("x", "x")],
)
def test_an_account_that_has_expired_lives_again(day: str, left: str) -> None:
    found = facts(shadow=f"root:*:1:0:99999:7::{day}:\n".encode())
    edits = decided(GuestSetup(admin_password="pw"), found)
    assert text(edits, places.SHADOW).endswith(f":20000:0:99999:7::{left}:\n")


@pytest.mark.parametrize("field", ["", "$6$x", "*"])
def test_a_password_that_would_have_no_effect_is_refused(field: str) -> None:
    passwd = f"me:x:1:1::/:/bin/sh\nroot:{field}:0:0:root:/root:/bin/sh\n".encode()
    with pytest.raises(Refused, match="/etc/passwd of the image has the password"):
        decided(GuestSetup(admin_password="pw"), facts(shadow=SHADOW, passwd=passwd))


@pytest.mark.parametrize(
    ("shadow", "words"),
    [
        (b"bin:*:1:0:99999:7:::\n", "no line for root"),
        (b"root:*:1:0:99999:7:::\nroot:*:1:0:9:7:::\n", "2 lines for root"),
        (b"root:*:1:0:99999:7::\n", "nine fields"),
        (b"root:*:1:0:99999:7::::\n", "nine fields"),
        (b"root:*\x00:1:0:99999:7:::\n", "nine fields"),
        (b"root\n", "nine fields"),
        (b"", "no line for root"),
    ],
)
def test_a_strange_shadow_is_refused(shadow: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        decided(GuestSetup(admin_password="pw"), facts(shadow=shadow))


def test_no_shadow_and_an_odd_one_are_refused() -> None:
    with pytest.raises(Refused, match=r"no /etc/shadow"):
        decided(GuestSetup(admin_password="pw"), facts())
    odd = GuestFacts(present=frozenset({"/etc"}), odd={places.SHADOW: "a fifo"})
    with pytest.raises(Refused, match="is a fifo in this image"):
        decided(GuestSetup(admin_password="pw"), odd)


@pytest.mark.parametrize(
    ("shadow", "defs", "prefix"),
    [
        (b"root:$y$x:::::::\n", b"ENCRYPT_METHOD SHA512\n", "$y$"),
        (b"root:!$6$x:::::::\n", b"ENCRYPT_METHOD YESCRYPT\n", "$6$"),
        (b"bin:$6$x:::::::\nroot:$y$x:::::::\n", b"", "$y$"),
        (b"me:$y$x:::::::\nroot:*:::::::\n", b"", "$y$"),
        (
            b"root:*:::::::\n",
            b"#ENCRYPT_METHOD SHA512\n ENCRYPT_METHOD yescrypt \n",
            "$y$",
        ),
        (b"root:*:::::::\n", b"ENCRYPT_METHOD MD5\n", "$6$"),
        (b"root:$1$x:::::::\n", b"", "$6$"),
        (b"", b"", "$6$"),
    ],
)
def test_the_method_is_the_guests(shadow: bytes, defs: bytes, prefix: str) -> None:
    found = GuestFacts(contents={places.SHADOW: shadow, places.LOGIN_DEFS: defs})
    assert hash_prefix(found) == prefix


def test_files_come_last_and_metadata_is_novas() -> None:
    file = InjectedFile(path="/a", content=b"x", mode=0o600)
    setup = GuestSetup(files=(file,), metadata={"b": "2", "a": "1"})
    edits = decided(setup, facts())
    assert list(edits) == ["/meta.js", "/a"]
    assert text(edits, "/meta.js") == '{"a": "1", "b": "2"}'
    assert edits["/a"].mode == 0o600


def test_a_file_may_not_undo_what_else_is_asked_for() -> None:
    file = InjectedFile(path=places.SHADOW, content=b"x")
    setup = GuestSetup(files=(file,), admin_password="pw")
    with pytest.raises(Refused, match="and written for something else"):
        decided(setup, facts(shadow=SHADOW))


def test_without_etc_it_is_no_system() -> None:
    empty = GuestFacts()
    with pytest.raises(Refused, match=r"no /etc on it"):
        decided(GuestSetup(hostname="web"), empty)
    files = GuestSetup(files=(InjectedFile(path="/a", content=b"x"),))
    with pytest.raises(Refused, match=r"no /etc on it"):
        decided(files, empty)
    # a system on FAT has no /etc
    assert decided(files, empty, owners=False).keys() == {"/a"}


def _file(path: str, size: int = 1) -> dict[str, Any]:
    return {"files": (InjectedFile(path=path, content=b"x" * size),)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (_file(""), "an empty path is no absolute path"),
        (_file("etc/x"), "no absolute path"),
        (_file("/"), "no absolute path"),
        (_file("/etc/"), "names a folder"),
        (_file("/etc/../x"), r"'\.\.'"),
        (_file("/etc//x"), "an empty part"),
        (_file("/etc/./x"), "an empty part"),
        (_file("/a\nb"), "a character"),
        (_file("/a\x00"), "a character"),
        (_file("/\udcff"), "a character"),
        (_file("/" + "a" * 256), "longer than"),
        (_file("/proc/sys/x"), "covers"),
        (_file("/dev/xvda"), "covers"),
        (_file("/a", 16 * 1024**2 + 1), "16777216 are the most"),
        ({"files": (InjectedFile(path="/a", content=b""),) * 2}, "twice"),
        (
            {
                "files": tuple(
                    InjectedFile(path=f"/{n}", content=b"x" * 16 * 1024**2)
                    for n in range(5)
                )
            },
            "all files together",
        ),
        ({"ssh_keys": ("one",)}, "no.* one line"),
        ({"ssh_keys": ("a b\nc d",)}, "not one line"),
        ({"hostname": "a_b"}, "no name of a host"),
        ({"hostname": "-a"}, "no name of a host"),
        ({"hostname": "a\n"}, "no name of a host"),
        ({"hostname": ""}, "no name of a host"),
        ({"admin_password": ""}, "1 to 511 bytes"),
        ({"admin_password": "a\nb"}, "in one line"),
        ({"admin_password": "é" * 256}, "1 to 511 bytes"),
        ({"user_data": b"x"}, "by config drive alone"),
        ({"vendor_data": {}}, "by config drive alone"),
    ],
)
def test_what_no_guest_could_take_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        check(GuestSetup(**given), (), None)
    if given.get("admin_password"):
        assert given["admin_password"] not in caught.value.why


def test_what_is_right_is_let_through() -> None:
    setup = GuestSetup(hostname="web1.example.org", ssh_keys=(KEY,), admin_password="é")
    check(setup, (STATIC,), None)
    check(GuestSetup(**_file("/srv/Größe x")), (), None)
