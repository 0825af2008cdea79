# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 up
"""A server's life on real Xen: power, reboots, restarts of libvirtd, limits."""

from __future__ import annotations

from xen.conftest import GUEST, SLOW, Dom0, boot
from xen.test_boot import create, start


def status(dom0: Dom0, name: str) -> tuple[str, int | None]:
    shown = dom0.told("server", "show", name)
    return shown["status"], shown["domain_id"]


def did(dom0: Dom0, *arguments: str) -> None:
    done = dom0.nova_xen("server", *arguments)
    assert done.code == 0, done.err


def test_power(dom0: Dom0, server: str) -> None:
    create(dom0, server, "qcow2", *boot("pv"))
    first = status(dom0, server)[1]
    did(dom0, "pause", server)
    assert status(dom0, server)[0] == "PAUSED"
    did(dom0, "unpause", server)
    did(dom0, "reboot", server)
    state, second = status(dom0, server)
    assert state == "ACTIVE"
    assert second != first
    did(dom0, "stop", server)
    assert status(dom0, server) == ("SHUTOFF", None)
    did(dom0, "start", server)
    did(dom0, "reboot", "--hard", server)
    assert status(dom0, server)[0] == "ACTIVE"


def test_libvirtd_restarts_under_a_server(dom0: Dom0, server: str) -> None:
    start(dom0, server, "raw", *boot("pvh"))
    for how in ("restart", "kill"):
        dom0.sh(f"nova-xen-lab-libvirtd {how}; nova-xen-lab-libvirtd start ||:")
        assert status(dom0, server)[0] == "ACTIVE"
    did(dom0, "delete", server)
    assert dom0.left_behind() == []


def test_limits_of_the_flavor_are_in_force(dom0: Dom0, server: str) -> None:
    specs = (
        *("quota:cpu_shares=400", "quota:cpu_quota=50000", "quota:cpu_period=100000"),
        "quota:vif_outbound_average=1024",
    )
    given = [word for spec in specs for word in ("--extra-spec", spec)]
    start(dom0, server, "qcow2", *boot("pv"), *given)
    scheduler = dom0.sh(f"xl sched-credit2 -d {server} | tail -n 1").split()
    assert scheduler[-2:] == ["400", "50"]
    # bytes in each interval of so many microseconds
    back_end = f"/local/domain/0/backend/vif/$(xl domid {server})/0"
    rate, interval = dom0.sh(f"xenstore-read {back_end}/rate").strip().split(",")
    assert int(rate) == 1024 * 1024 * int(interval) // 1_000_000


def test_console_log_of_an_earlier_server_is_gone(dom0: Dom0, server: str) -> None:
    log = f"/var/log/xen/console/guest-{server}.log"
    dom0.sh(f"echo words of another >{log}")
    start(dom0, server, "qcow2", *boot("pv"))
    dom0.sh(f"for second in $(seq 600); do [ -s {log} ] && break; sleep 1; done")
    told = dom0.nova_xen("server", "console", "log", server).out
    assert told
    assert "words of another" not in told


def offered_authentication(dom0: Dom0, vnc: str) -> list[str]:
    """What the VNC server offers: their number, then 1 for none and 2 for VNC's."""
    port = vnc.rpartition(":")[2]
    return dom0.sh(
        f"exec 3<>/dev/tcp/127.0.0.1/{port}; head -c 12 <&3 >/dev/null; "
        "printf 'RFB 003.008\\n' >&3; head -c 2 <&3 | od -An -tu1"
    ).split()


def test_screen(dom0: Dom0, server: str) -> None:
    start(dom0, server, "qcow2", *boot("hvm"))
    vnc = dom0.told("server", "show", server)["vnc"]
    assert vnc.startswith("127.0.0.1:")
    assert offered_authentication(dom0, vnc) == ["1", "1"]


def test_screen_with_a_password(dom0: Dom0) -> None:
    """Debian 12 builds QEMU without DES, which VNC's passwords need: told, undone."""
    dom0.sh("umask 077; echo Secret7x >/tmp/vnc-password")
    done = dom0.nova_xen(
        *("server", "create", "t-vnc", "--image", "/srv/guest/guest.qcow2"),
        *("--ram", "128", "--vnc-password-file", "/tmp/vnc-password"),
        *boot("hvm"),
    )
    assert done.code == 1
    assert "does not support DES" in done.err
    assert "Secret7x" not in done.out + done.err
    assert dom0.left_behind() == []


def test_open_vswitch(dom0: Dom0, server: str) -> None:
    dom0.sh("nova-xen-lab-ovs start")
    done = dom0.nova_xen(
        *("server", "create", server, "--image", "/srv/guest/guest.qcow2"),
        *("--ram", "128", "--network", "bridge=br-int", "--wait-for", "nics=eth0"),
        *("--timeout", "1500"),
        *boot("pvh"),
    )
    assert done.code == 0, done.err
    domid = status(dom0, server)[1]
    assert f"vif{domid}.0" in dom0.sh("ovs-vsctl list-ports br-int").split()


FOLLOW = """
nova-xen server console log {0} --follow >/tmp/followed &
reader=$!
for second in $(seq 600); do
    grep -q 'NOVA-XEN-GUEST beat n=[2-9]' /tmp/followed && break
    sleep 1
done
nova-xen server delete {0}
wait $reader
echo "ended with $?"
cat /tmp/followed
"""


def test_console_is_followed_until_the_server_is_gone(dom0: Dom0, server: str) -> None:
    create(dom0, server, "qcow2", *boot("pvh"))
    told = dom0.sh(FOLLOW.format(server))
    assert told.startswith("ended with 0\n")
    assert "NOVA-XEN-GUEST ready" in told
    assert "NOVA-XEN-GUEST beat" in told


@SLOW
def test_a_list_of_several_servers(dom0: Dom0, server: str) -> None:
    modes = {f"{server}-{n}": mode for n, mode in enumerate(["pv", "pvh", "hvm"])}
    for name, mode in modes.items():
        image = ("--image", f"{GUEST}/guest.qcow2", "--ram", "128")
        did(dom0, "create", name, *image, *boot(mode))
    listed = {
        row["Name"]: (row["Status"], row["Mode"])
        for row in dom0.told("server", "list")
        if row["Name"] in modes
    }
    assert listed == {name: ("ACTIVE", mode) for name, mode in modes.items()}
    did(dom0, "delete", *modes)
    assert dom0.left_behind() == []
