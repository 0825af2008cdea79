# SPDX-License-Identifier: Apache-2.0
import dataclasses
import os
import pathlib
import random
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.images.tools import qemu_img
from nova_xen.images.tools.limits import Limits, for_writing, largest_file
from nova_xen.images.tools.process import GaveUp, run_process
from nova_xen.images.tools.tool import environment
from nova_xen.model import GIB, MIB, DiskFormat, VhdSubformat

Fake = Callable[[str], None]
SMALL = Limits(cpu_seconds=1, file_size=MIB, stall=0.3)


def _ask(limits: Limits, script: str) -> str:
    command = limits.wrap(("sh", "-c", script))
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("ulimit -v", GIB // 1024),
        ("ulimit -t", 77),
        ("ulimit -n", 128),
        ("ulimit -c", 0),
        ("ulimit -f", 6 * MIB // 512),
        ("ulimit -H -f", 6 * MIB // 512),
        ("ulimit -s", 1024),
    ],
)
def test_a_program_has_its_limits(question: str, answer: int) -> None:
    limits = Limits(cpu_seconds=77, file_size=6 * MIB)
    assert int(_ask(limits, question)) == answer


def test_a_limit_is_never_above_that_of_the_caller() -> None:
    script = (
        "from nova_xen.images.tools.limits import for_reading; import subprocess; "
        "subprocess.run(for_reading().wrap(('sh', '-c', 'ulimit -n')), check=True)"
    )
    command = ["prlimit", "--nofile=64:99", "--", sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(told) == 64


def test_processor_time_grows_with_the_disk_and_has_an_end() -> None:
    seconds = [
        for_writing(DiskFormat.RAW, size).cpu_seconds
        for size in (0, GIB, 100 * GIB, 2**60)
    ]
    assert seconds == [60, 660, 60060, 7 * 24 * 3600]


@pytest.mark.parametrize("fmt", DiskFormat)
@pytest.mark.parametrize("size", [512, MIB + 512, 40 * MIB])
def test_a_full_disk_stays_within_the_largest_file(
    tmp_path: pathlib.Path, fmt: DiskFormat, size: int
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(random.Random(1).randbytes(size))  # noqa: S311
    qemu_img.create(str(target), fmt, size, server="a")
    qemu_img.convert(
        str(source), DiskFormat.RAW, str(target), fmt, server="a", size=size
    )
    # half of what is allowed beyond the disk
    assert target.stat().st_size <= size + (largest_file(fmt, size) - size) // 2


@pytest.mark.parametrize("subformat", VhdSubformat)
def test_conversions_of_all_kinds_work_within_the_limits(
    image: Callable[..., pathlib.Path],
    content: Callable[[str, DiskFormat], bytes],
    tmp_path: pathlib.Path,
    subformat: VhdSubformat,
) -> None:
    size = 8 * MIB
    for fmt in DiskFormat:
        target = str(tmp_path / f"target.{fmt}")
        qemu_img.create(target, DiskFormat.VHD, size, server="a", vhd=subformat)
        qemu_img.convert(
            *(str(image(fmt, size)), fmt, target, DiskFormat.VHD),
            server="a",
            size=size,
        )
        expected = (tmp_path / "pattern.raw").read_bytes()
        assert content(target, DiskFormat.VHD) == expected
        assert os.stat(target).st_blocks * 512 < 4 * MIB
    fixed = subformat is VhdSubformat.FIXED
    assert (os.path.getsize(target) == size + 512) == fixed


def _run(script: str, *, stall: float = 0.4) -> str:
    command = ("sh", "-c", script)
    return run_process(command, environment=environment(), stall=stall).output


@pytest.mark.parametrize("script", ["sleep 60", "echo one; exec sleep 60"])
def test_a_hanging_program_is_ended(script: str) -> None:
    before = time.monotonic()
    with pytest.raises(GaveUp, match=r"it did nothing for 0\.4 seconds"):
        _run(f"exec 2>&1; {script}")
    assert time.monotonic() - before < 4


def test_a_program_that_hangs_after_its_last_word_is_ended() -> None:
    """Nothing can be read from it any more."""
    before = time.monotonic()
    with pytest.raises(GaveUp, match=r"it did nothing for 0\.4 seconds"):
        _run("exec >&- 2>&-; exec sleep 60")
    assert time.monotonic() - before < 4


def test_a_program_that_ends_after_its_last_word_is_waited_for() -> None:
    command = ("sh", "-c", "exec >&- 2>&-; sleep 0.6; exit 3")
    ended = run_process(command, environment=environment(), stall=9)
    assert ended.code == 3


def test_a_program_whose_parent_died_before_it_began_does_nothing(
    tmp_path: pathlib.Path,
) -> None:
    """The shell in between stands for the process that adopts it then."""
    command = SMALL.wrap(("touch", str(tmp_path / "done")))
    subprocess.run(["sh", "-c", '"$@"; exit 0', "sh", *command], check=True)
    assert os.listdir(tmp_path) == []
    subprocess.run(command, check=True)
    assert os.listdir(tmp_path) == ["done"]


def test_a_slow_program_that_works_is_not_ended() -> None:
    """Without a word, and longer than it may hang."""
    script = "i=0; while [ $i -lt 12 ]; do sleep 0.1; i=$((i + 1)); done; echo done"
    assert _run(script) == "done\n"


def test_a_program_that_prints_without_end_is_ended() -> None:
    with pytest.raises(GaveUp, match="it printed more than 16 MiB"):
        _run("yes", stall=9)


def test_of_endless_errors_the_last_are_kept() -> None:
    script = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo last >&2; exit 3"
    ended = run_process(("sh", "-c", script), environment=environment(), stall=9)
    assert ended.code == 3
    assert ended.errors.endswith("xlast\n")
    assert len(ended.errors) <= 64 * 1024


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("exec sleep 60", "it did nothing for 0.3 seconds and was ended"),
        ("while :; do :; done", "it used more processor time than its work can need"),
        ("exec head -c 2000000 /dev/zero > $HERE", "File too large"),
        ("ulimit -v; exec qemu-img-nowhere", "not found"),
    ],
)
def test_what_goes_beyond_its_limits_is_told(
    fake_qemu_img: Fake,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
    body: str,
    words: str,
) -> None:
    fake_qemu_img(f"HERE={tmp_path}/big; {body}")
    monkeypatch.setattr(qemu_img, "for_writing", lambda fmt, size: SMALL)
    with pytest.raises(
        (exceptions.ToolFailed, exceptions.NotEnoughDisk), match=words
    ) as caught:
        qemu_img.create("/x/y", DiskFormat.RAW, MIB, server="alice")
    assert str(caught.value).startswith("Server alice: ")


def test_limits_are_immutable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SMALL.cpu_seconds = 5  # type: ignore[misc]
