# SPDX-License-Identifier: Apache-2.0
"""Command lines, ports, and the state of hosts."""

import json
from pathlib import Path

import pytest
from lab import cli, needs, qemu, status, tree
from lab.dom0_image import Image
from lab.hosts import Lab, Record
from lab.qemu import Machine
from lab.settings import HOSTS, Cpu, Host, cache_dir
from lab.tree import TreeSpec


def _value(command: list[str], option: str) -> list[str]:
    return [command[n + 1] for n, word in enumerate(command) if word == option]


def _command(tmp_path: Path, host: Host) -> list[str]:
    machine = Machine(host, tmp_path / "hosts" / host.name)
    return qemu.command(machine, Image(tmp_path / "image"), tmp_path / "guests", Cpu())


def test_hosts_share_no_port() -> None:
    ports = [port for host in HOSTS for port in (host.ssh_port, host.libvirt_port)]
    assert len(set(ports)) == len(ports)


def test_a_second_lab_has_other_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOVA_XEN_LAB_PORT_OFFSET", "50")
    assert (HOSTS[1].ssh_port, HOSTS[1].libvirt_port) == (2252, 16552)
    assert HOSTS[1].libvirt_uri == "xen+tcp://127.0.0.1:16552/system"


def test_every_forwarded_port_is_on_the_loopback(tmp_path: Path) -> None:
    forwarded = _value(_command(tmp_path, HOSTS[0]), "-netdev")[0]
    assert forwarded.count("hostfwd=") == forwarded.count("hostfwd=tcp:127.0.0.1:")
    assert "127.0.0.1:2201-:22" in forwarded
    assert "127.0.0.1:16501-:16509" in forwarded


def test_the_link_of_one_host_ends_at_the_other(tmp_path: Path) -> None:
    ends = []
    for host in HOSTS:
        link = _value(_command(tmp_path, host), "-netdev")[1]
        pairs = dict(p.split("=", 1) for p in link.split(",") if "=" in p)
        ends.append((pairs["local.path"], pairs["remote.path"]))
    assert ends[0] == ends[1][::-1]


def test_commas_for_the_kernel_are_doubled_in_initrd(tmp_path: Path) -> None:
    (initrd,) = _value(_command(tmp_path, HOSTS[1]), "-initrd")
    kernel, _, rest = initrd.replace(",,", "\0").partition(",")
    assert kernel.endswith("nova_xen_lab.host=2")
    assert rest == str(tmp_path / "image" / "initrd")


@pytest.mark.parametrize("text", ["", "nonsense", "1", "999999999"])
def test_a_stale_pid_file_is_not_our_qemu(tmp_path: Path, text: str) -> None:
    machine = Machine(HOSTS[0], tmp_path)
    machine.pid_file.write_text(text)
    assert qemu.pid(machine) is None
    assert not qemu.stop(machine)


def test_no_pid_file_means_not_running(tmp_path: Path) -> None:
    assert qemu.pid(Machine(HOSTS[0], tmp_path)) is None


def test_record_survives_a_torn_file(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    folder = lab.machine(HOSTS[0]).folder
    folder.mkdir(parents=True)
    (folder / "host.json").write_text('{"suite": "book')
    assert lab.record(HOSTS[0]) is None
    (folder / "host.json").write_text('{"suite": "s", "image": "i", "cpu": "c"}')
    assert lab.record(HOSTS[0]) == Record("s", "i", "c")


def test_status_of_a_lab_that_never_ran(tmp_path: Path) -> None:
    rows = status.rows(Lab(tmp_path))
    assert [row["state"] for row in rows] == ["stopped", "stopped"]
    assert json.loads(status.as_json(rows))[0]["ssh_port"] == 2201
    assert "xen+tcp://127.0.0.1:16502/system" in status.as_text(rows).splitlines()[1]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"NOVA_XEN_LAB_DIR": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/nova-xen/lab")),
        ({}, Path.home() / ".cache/nova-xen/lab"),
    ],
)
def test_cache_folder(environment: dict[str, str], expected: Path) -> None:
    assert cache_dir(environment) == expected


def test_what_is_missing_is_named_with_its_package() -> None:
    lacking = needs.missing({"qemu-img": "qemu-utils", "sh": "dash"}, "sh".__eq__)
    assert lacking == {"qemu-img": "qemu-utils"}
    assert needs.sentence(lacking) == (
        "The lab needs qemu-img, which this machine lacks: "
        "type 'apt-get install qemu-utils' as root."
    )


SPEC = TreeSpec("trixie", ("a", "b"), ("path-exclude=/x",), "deb http://m trixie main")


def test_a_tree_is_keyed_by_everything_that_makes_it() -> None:
    others = [
        TreeSpec("bookworm", SPEC.packages, SPEC.dpkg_options, SPEC.sources),
        TreeSpec("trixie", ("a",), SPEC.dpkg_options, SPEC.sources),
        TreeSpec("trixie", SPEC.packages, (), SPEC.sources),
        TreeSpec(
            "trixie", SPEC.packages, SPEC.dpkg_options, "deb http://n trixie main"
        ),
        TreeSpec("trixie", SPEC.packages, SPEC.dpkg_options, SPEC.sources, "extract"),
    ]
    assert len({SPEC.key, *(other.key for other in others)}) == 6


def test_mmdebstrap_gets_suite_target_and_sources_last() -> None:
    words = tree.command(SPEC, Path("/t"), Path("/s"))
    assert words[-3:] == ["trixie", Path("/t"), Path("/s")]
    assert "--include=a,b" in words
    assert "--dpkgopt=path-exclude=/x" in words


@pytest.mark.parametrize("arguments", [["down"], ["down", "xen1", "xen2"], ["status"]])
def test_commands_on_a_lab_that_never_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("NOVA_XEN_LAB_DIR", str(tmp_path))
    assert cli.main(arguments) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["down", "xen9"], "The lab has the hosts xen1, xen2, not xen9."),
        (["ssh", "xen2", "true"], "xen2 is not running: type 'xenlab up 2'."),
        (["up", "3"], "The lab has 1 to 2 hosts, not 3."),
        (["install"], "No host is running: type 'xenlab up'."),
        (["soak"], "xen1 is not running: type 'xenlab up 1'."),
    ],
)
def test_refusals_are_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.setenv("NOVA_XEN_LAB_DIR", str(tmp_path))
    assert cli.main(arguments) == 1
    assert capsys.readouterr().err == sentence + "\n"
