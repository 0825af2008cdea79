# SPDX-License-Identifier: Apache-2.0
"""Xen's own tool, played by programs that answer as the real one was seen to."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen import exceptions
from nova_xen.hypervisor import libxl_command, libxl_program
from nova_xen.hypervisor.xl import XlToolstack, parse_info, parse_list
from nova_xen.migration.interfaces import Toolstack
from nova_xen.model import XenDomain

HEAD = (
    "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID"
    "                            Reason-Code\tSecurity Label\n"
)
DOM0 = (
    "Domain-0                                     0  1280     1     r-----     212.9"
    " 00000000-0000-0000-0000-000000000000        -                -\n"
)
UUID = "7e976b55-fc02-46c3-9cb2-d6cba7bfd070"
RUNS = XenDomain(domid=2, name="t-pvh", uuid=UUID, memory_mib=192)
PAUSED = dataclasses.replace(RUNS, paused=True)


def row(state: str, reason: str = "-", name: str = "t-pvh") -> str:
    """A row as Xen 4.17 prints it."""
    return (
        f"{name:<40}     2   192     1     {state}     190.5 {UUID}"
        f"        {reason}                -\n"
    )


@pytest.mark.parametrize(
    ("state", "reason", "domain"),
    [
        ("------", "-", RUNS),
        ("r-----", "-", RUNS),
        ("-b----", "-", RUNS),
        ("--p---", "-", PAUSED),
        ("---ss-", "2", dataclasses.replace(RUNS, suspended=True)),
        ("--pss-", "2", dataclasses.replace(PAUSED, suspended=True)),
        ("---s--", "0", dataclasses.replace(RUNS, ended=True)),
        ("---sr-", "1", dataclasses.replace(RUNS, ended=True)),
        ("---sc-", "3", dataclasses.replace(RUNS, ended=True)),
        ("---sw-", "4", dataclasses.replace(RUNS, ended=True)),
        ("---s?-", "9", dataclasses.replace(RUNS, ended=True)),
        ("--ps-d", "0", dataclasses.replace(PAUSED, ended=True, dying=True)),
        ("-----d", "-", dataclasses.replace(RUNS, dying=True)),
    ],
)
def test_states_of_a_domain(state: str, reason: str, domain: XenDomain) -> None:
    assert list(parse_list(HEAD + row(state, reason))) == [domain]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("one", "one"),
        ("(null)", ""),
        ("with space", "with space"),
        ("x" * 60, "x" * 60),
        (f"t 1 192 1 r----- 1.0 {UUID} - -", f"t 1 192 1 r----- 1.0 {UUID} - -"),
    ],
)
def test_names_of_domains(written: str, name: str) -> None:
    assert [each.name for each in parse_list(row("------", name=written))] == [name]


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1))
def test_any_printable_name_is_read_back(name: str) -> None:
    found = list(parse_list(HEAD + DOM0 + row("------", name=name)))
    assert [each.domid for each in found] == [0, 2]
    assert found[1].name == ("" if name == "(null)" else name)


def test_lines_of_info() -> None:
    text = (
        "virt_caps              : pv hvm hap\nxen_commandline        : a=b:c\n"
        "cc_compile_date        : Mon Jan  1 00:00:00 UTC 2024\nnot a line\nempty  :\n"
    )
    assert parse_info(text) == {
        "virt_caps": "pv hvm hap",
        "xen_commandline": "a=b:c",
        "cc_compile_date": "Mon Jan  1 00:00:00 UTC 2024",
        "empty": "",
    }


class Host:
    """A host whose xl is a program of two cases and a log of how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "xl"
        self.rows = [row("------")]
        self.scheduler = "credit2"
        self.failing = ""

    def toolstack(self, *, timeout: float = 20) -> Toolstack:
        listed = HEAD + DOM0 + "".join(self.rows)
        (self.folder / "list").write_text(listed)
        self.path.write_text(
            f"#!/bin/sh\ncd {self.folder}\necho $* >> calls\ncase $1 in\n"
            "list) cat list;;\n"
            f"info) echo 'xen_scheduler          : {self.scheduler}';"
            "echo 'virt_caps              : pv hvm hap gnttab-v1 gnttab-v2';;\n"
            f"*) {self.failing or ':'};;\nesac\n"
        )
        self.path.chmod(0o755)
        return XlToolstack(str(self.path), timeout=timeout)

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


NO_DOMAIN = (
    "echo 'libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain 2:"
    "Non-existant domain' >&2; echo 'destroy failed (rc=-21)' >&2; exit 1"
)
SAID = (
    "exit code 1, libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain 2:"
    "Non-existant domain"
)


def test_all_but_domain_0_are_told(host: Host) -> None:
    assert host.toolstack().domains() == (RUNS,)
    host.rows = []
    assert host.toolstack().domains() == ()
    assert host.toolstack().virt_caps() == (
        "pv",
        "hvm",
        "hap",
        "gnttab-v1",
        "gnttab-v2",
    )


def test_what_stays_until_the_next_boot_is_asked_once(host: Host) -> None:
    toolstack = host.toolstack()
    for _ in range(3):
        assert "hap" in toolstack.virt_caps()
        toolstack.set_cap(2, 10)
    assert host.calls().count("info") == 1


def test_all_of_info_is_told_anew_each_time(host: Host) -> None:
    toolstack = host.toolstack()
    assert toolstack.virt_caps()
    for _ in range(2):
        assert XlToolstack(str(host.path)).info() == {
            "xen_scheduler": "credit2",
            "virt_caps": "pv hvm hap gnttab-v1 gnttab-v2",
        }
    assert host.calls().count("info") == 3


def test_a_failure_is_not_remembered(host: Host) -> None:
    toolstack = host.toolstack()
    working = host.path.read_text()
    host.path.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(exceptions.ToolstackFailed):
        toolstack.virt_caps()
    host.path.write_text(working)
    assert "hap" in toolstack.virt_caps()


def test_a_list_that_is_not_understood_is_no_list(host: Host) -> None:
    """A row that was passed over might be the second copy of a guest."""
    host.rows.append("t-new   9   192   1   ?new?   1.0\n")
    with pytest.raises(exceptions.ToolstackFailed) as failed:
        host.toolstack().domains()
    assert "printed what is not understood" in str(failed.value)
    assert "?new?" in str(failed.value)


@pytest.mark.parametrize(
    ("rows", "failing", "why"),
    [
        ([row("------")], "", None),
        ([], NO_DOMAIN, None),
        ([row("--ps-d")], NO_DOMAIN, None),
        ([row("--p---")], NO_DOMAIN, SAID),
        ([row("--p---")], "exit 3", "exit code 3, it said nothing"),
    ],
)
def test_destroying(host: Host, rows: list[str], failing: str, why: str | None) -> None:
    """What is gone, or going, needs no ending."""
    host.rows, host.failing = rows, failing
    toolstack = host.toolstack()
    if why is None:
        toolstack.destroy(2)
    else:
        with pytest.raises(exceptions.ToolstackFailed) as failed:
            toolstack.destroy(2)
        assert str(failed.value) == (
            f"Xen's own tool failed while destroying domain 2: {why}."
        )
    assert host.calls()[0] == "destroy 2"


@pytest.mark.parametrize("domid", [0, -1])
def test_domain_0_is_not_ended(host: Host, domid: int) -> None:
    with pytest.raises(exceptions.ToolstackFailed, match="that is no guest"):
        host.toolstack().destroy(domid)
    assert not (host.folder / "calls").exists()


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([row("------")], None),
        ([row("--p---")], "it stays paused"),
        ([], "there is no such domain"),
    ],
)
def test_unpausing(host: Host, rows: list[str], why: str | None) -> None:
    """xl says 0 in each of these cases."""
    host.rows = rows
    toolstack = host.toolstack()
    if why is None:
        toolstack.unpause(2)
    else:
        with pytest.raises(exceptions.ToolstackFailed, match=why):
            toolstack.unpause(2)
    assert host.calls() == ["unpause 2", "list -v"]


@pytest.mark.parametrize(
    ("scheduler", "command"),
    [("credit", "sched-credit"), ("credit2", "sched-credit2")],
)
@pytest.mark.parametrize("cap", [0, 50, 250])
def test_a_cap_is_set(host: Host, scheduler: str, command: str, cap: int) -> None:
    host.scheduler = scheduler
    host.toolstack().set_cap(2, cap)
    assert host.calls() == ["info", f"{command} -d 2 -c {cap}"]


@pytest.mark.parametrize("scheduler", ["rtds", "arinc653", "null"])
def test_a_scheduler_without_cap_is_refused(host: Host, scheduler: str) -> None:
    host.scheduler = scheduler
    with pytest.raises(exceptions.ToolstackFailed) as failed:
        host.toolstack().set_cap(2, 50)
    assert str(failed.value) == (
        "Xen's own tool failed while limiting domain 2 to 50 % of a CPU: Xen's "
        f"scheduler {scheduler} has no cap; boot Xen with sched=credit2."
    )
    assert host.calls() == ["info"]


@pytest.mark.parametrize(
    ("xl", "why"),
    [
        ("/nowhere/at/all/xl", "xl is not there; install Xen's tools"),
        ("no-such-program", "xl is not there; install Xen's tools"),
    ],
)
def test_a_host_without_xl(xl: str, why: str) -> None:
    with pytest.raises(exceptions.ToolstackFailed, match=why):
        XlToolstack(xl).domains()


def test_one_that_cannot_be_run(host: Host) -> None:
    toolstack = host.toolstack()
    host.path.write_text("#!/nowhere/at/all\n")
    with pytest.raises(exceptions.ToolstackFailed, match="No such file"):
        toolstack.domains()


def test_one_that_does_not_answer(host: Host) -> None:
    host.failing = "exec sleep 600"
    with pytest.raises(exceptions.ToolstackFailed, match=r"no answer within 0\.2 s"):
        host.toolstack(timeout=0.2).set_cap(2, 50)


RESUMES = """
def main(arguments):
    open(__file__ + '.log', 'a').write(str(arguments))
"""
CANNOT = """
def main(arguments):
    return 'libxl_domain_resume answered -3'
"""


@pytest.mark.parametrize(
    ("rows", "program", "why"),
    [
        ([row("---ss-", "2")], RESUMES, None),
        ([row("---ss-", "2")], CANNOT, "exit code 1, libxl_domain_resume answered -3"),
        ([row("------")], RESUMES, "it is not suspended"),
        ([row("---s--", "0")], RESUMES, "it is not suspended"),
        ([], RESUMES, "it is not suspended"),
    ],
)
def test_resuming(
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[str],
    program: str,
    why: str | None,
) -> None:
    path = host.folder / "libxl_program.py"
    path.write_text(program)
    monkeypatch.setattr(libxl_program, "__file__", str(path))
    monkeypatch.setattr(libxl_command, "LIBRARIES", ())
    host.rows = rows
    toolstack = host.toolstack()
    if why is None:
        toolstack.resume(2)
        assert (
            host.folder / "libxl_program.py.log"
        ).read_text() == "['resume', '', '2']"
        return
    with pytest.raises(exceptions.ToolstackFailed) as failed:
        toolstack.resume(2)
    assert str(failed.value) == f"Xen's own tool failed while resuming domain 2: {why}."
    assert not (host.folder / "libxl_program.py.log").exists()
