# SPDX-License-Identifier: Apache-2.0
"""Each benchmark runs once, where it needs neither the lab nor Nova."""

import json
import sys
from pathlib import Path

import pytest
from benchmarks import __main__ as runner
from benchmarks import (
    cli,
    create,
    documents,
    images,
    injection,
    migration,
    on_xen_host,
)
from benchmarks.errors import BenchmarkError
from benchmarks.report import Report

from nova_xen.exceptions import InjectionFailed
from nova_xen.images import Progress
from nova_xen.model import InjectionPlan


def test_documents_of_every_mode_are_measured() -> None:
    report = documents.measure(1, nova=False, batch=0)

    names = {figure.name for figure in report.figures}
    assert {f"{mode} written" for mode in ("pv", "hvm", "pvh")} <= names
    assert all(figure.minimum > 0 for figure in report.figures)


def test_the_command_is_measured_beside_the_interpreter() -> None:
    report = cli.measure(1)

    assert report.median("nova-xen --help") > 0
    assert report.median("nova-xen --help, times bare") == pytest.approx(
        report.median("nova-xen --help") / report.median(cli.BARE)
    )


def test_a_base_is_measured_beside_qemu_img_alone() -> None:
    report = images.measure(1, size_mib=4, fetched_mib=(1, 4))

    assert report.median(f"{images.OURS}, times the best") > 0
    assert report.median(images.SECOND) > 0
    small, large = (report.median(f"peak memory of fetching {n} MiB") for n in (1, 4))
    assert 0 < small < large + 16


def test_a_migration_is_measured_without_libvirt() -> None:
    report = migration.measure(6)

    own = report.median("of it this package's own")
    assert 0 < own < report.median("a migration")
    assert report.median(migration.WANTED) > 0


def test_a_command_that_is_not_installed_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))

    with pytest.raises(BenchmarkError, match="tools/setup"):
        cli.measure(1)


def test_the_runner_keeps_figures_and_machine_without_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "figures.json"

    assert runner.main(["round-trips", "--json", str(kept)]) == 0

    found = json.loads(kept.read_text())
    assert set(found["machine"]) == {
        *("cpu", "cores", "virtual_machine", "memory_mib"),
        *("system", "python", "load_average"),
    }
    report = Report.from_dict(found["reports"][0])
    assert report.median("list of 100") == 102
    assert "list of 100" in capsys.readouterr().out


def test_a_benchmark_that_cannot_run_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(rounds: int | None) -> Report:
        raise BenchmarkError("There is no lab.")

    monkeypatch.setitem(runner.BENCHMARKS, "create", fails)

    assert runner.main(["create"]) == 1
    assert capsys.readouterr().err == "benchmarks: There is no lab.\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (
            ["speed"],
            "'speed' is none of documents, round-trips, cli, images, create, "
            "injection, migration",
        ),
        (["cli", "--rounds", "0"], "'0' is no whole number above zero"),
        (["cli", "--rounds", "many"], "'many' is no whole number above zero"),
    ],
)
def test_wrong_arguments_are_told(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        runner.main(argv)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_creation_is_told_as_a_ratio_of_the_same_round() -> None:
    ways = {"nova-xen": [6.0, 8.0, 9.0], "virsh": [2.0, 4.0, 3.0], "list": [1.0] * 3}

    report = create.report({"pvh": ways})

    assert report.median("pvh server create, times virsh create") == 3.0
    assert report.median("pvh nova-xen server create") == 8.0


def test_an_injection_is_told_without_the_appliances_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fake(
        plan: InjectionPlan, *_args: object, progress: Progress, **_: object
    ) -> None:
        assert plan.partition in (1, -1)
        with open(plan.path, "rb") as disk:
            disk.seek(1024**2 + 1024 + 56)
            assert disk.read(2) == b"\x53\xef"  # of ext4
        for part in (0.0, 0.0, 0.8, 1.0):
            progress("write", part)

    monkeypatch.setattr(injection, "inject", fake)
    report = injection.measure(2)

    assert report.median("partition: starts a server") == 1
    assert report.median("inspect: all else") > 0


def test_an_injection_that_fails_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fake(*_args: object, **_more: object) -> None:
        raise InjectionFailed(server="bench", doing="that", why="no")

    monkeypatch.setattr(injection, "inject", fake)
    with pytest.raises(BenchmarkError, match="libguestfs failed"):
        injection.measure(1)


def test_the_part_for_dom0_asks_for_the_modes_the_lab_part_knows() -> None:
    assert set(create.ASKED["modes"]) <= set(on_xen_host.MODE_PROPERTIES)
