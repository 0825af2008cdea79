# SPDX-License-Identifier: Apache-2.0
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.images import base_path, ensure_base
from nova_xen.images.cache.bases import held_base
from nova_xen.images.cache.digest import sum_file
from nova_xen.images.files.part import part_name
from nova_xen.model import MIB, Checksum, DiskFormat

QCOW2 = DiskFormat.QCOW2
SIZE = 2 * MIB + 512
Image = Callable[..., pathlib.Path]

_ASK = """
import pathlib, sys
from nova_xen.images import ensure_base
from nova_xen.model import DiskFormat
image, instances, arrived = sys.argv[1:]
pathlib.Path(arrived).touch()
print(ensure_base(image, DiskFormat.QCOW2, "x", instances_path=instances, server="a"))
"""


def _ask(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _ASK, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )


def _ensure(image: pathlib.Path, instances_path: str, image_id: str = "x") -> str:
    return ensure_base(
        str(image), QCOW2, image_id, instances_path=instances_path, server="a"
    )


def _bases(instances_path: str) -> list[str]:
    """Without the records beside them, which come a little later."""
    names = os.listdir(os.path.join(instances_path, "_base"))
    return sorted(name for name in names if name.endswith((".raw", ".part")))


@pytest.mark.parametrize("fmt", DiskFormat)
def test_a_base_is_raw_with_the_same_content(
    image: Image, instances_path: str, tmp_path: pathlib.Path, fmt: DiskFormat
) -> None:
    told: list[float] = []
    base = ensure_base(
        str(image(fmt, SIZE)),
        fmt,
        "some-id",
        instances_path=instances_path,
        server="a",
        progress=lambda what, fraction: told.append(fraction),
    )
    assert pathlib.Path(base).read_bytes() == (tmp_path / "pattern.raw").read_bytes()
    assert re.fullmatch(r"[0-9a-f]{64}\.raw", os.path.basename(base))
    assert os.stat(base).st_blocks * 512 < SIZE // 2
    assert told[-1] == 1.0


def test_the_second_one_copies_nothing(
    image: Image,
    instances_path: str,
    tmp_path: pathlib.Path,
    fake_qemu_img: Callable[[str], None],
) -> None:
    path = image(QCOW2, SIZE)
    first = _ensure(path, instances_path)
    inode = os.stat(first).st_ino
    fake_qemu_img('[ "$1" = convert ] && exit 1; exec $REAL "$@"')
    assert _ensure(path, instances_path) == first
    assert os.stat(first).st_ino == inode


def test_an_id_names_the_content_wherever_the_file_is(tmp_path: pathlib.Path) -> None:
    one = base_path("/no/one", "an-id", instances_path="/i")
    assert one == base_path("/no/two", "an-id", instances_path="/i")
    assert one != base_path("/no/one", "another", instances_path="/i")
    assert os.path.dirname(one) == "/i/_base"


@pytest.mark.parametrize("image_id", ["../../etc/passwd", "/etc/passwd", "\0"])
def test_an_id_leads_nowhere(image_id: str) -> None:
    assert os.path.dirname(base_path("/x", image_id, instances_path="/i")) == "/i/_base"


def test_without_an_id_a_changed_file_is_another_image(
    pattern: Callable[..., pathlib.Path], tmp_path: pathlib.Path
) -> None:
    def key(path: pathlib.Path) -> str:
        return base_path(str(path), instances_path="/i")

    path = pattern(MIB)
    link = tmp_path / "link"
    link.symlink_to(path)
    before = key(path)
    assert key(link) == before
    os.utime(path, ns=(1, 1))
    after = key(path)
    assert after != before
    copy = pattern(MIB, "copy.raw")
    os.utime(copy, ns=(1, 1))
    assert key(copy) != after
    path.unlink()
    with pytest.raises(OSError, match="No such file"):
        key(path)


def test_a_file_that_was_written_and_given_its_old_times_is_another_image(
    pattern: Callable[..., pathlib.Path],
) -> None:
    path = pattern(MIB)
    status = path.stat()
    before = base_path(str(path), instances_path="/i")
    with path.open("r+b") as stream:
        stream.write(b"other")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_mtime_ns == status.st_mtime_ns
    assert base_path(str(path), instances_path="/i") != before


def test_the_checksum_that_was_declared_names_the_base(
    pattern: Callable[..., pathlib.Path],
) -> None:
    path = str(pattern(MIB))
    one, two = (Checksum.of("sha256", digit * 64) for digit in "12")
    paths = {
        base_path(path, image_id, instances_path="/i", checksum=checksum)
        for image_id in ("", "an-id")
        for checksum in (None, one, two)
    }
    assert len(paths) == 6


def test_a_base_that_was_not_verified_is_not_taken_for_one(
    image: Image, instances_path: str
) -> None:
    """Whatever it was made of: the same file, by its name and all its times."""
    path = image(QCOW2, SIZE)
    plain = pathlib.Path(_ensure(path, instances_path, ""))
    plain.chmod(0o600)
    plain.write_bytes(b"something else")
    checksum = sum_file(str(path))
    with held_base(
        str(path), QCOW2, instances_path=instances_path, server="a", checksum=checksum
    ) as base:
        assert base != str(plain)
        assert os.path.getsize(base) == SIZE


def test_only_this_hosts_own_imports_are_known_by_their_names(
    pattern: Callable[..., pathlib.Path], instances_path: str, tmp_path: pathlib.Path
) -> None:
    """Anybody can have a folder of that name, and change what is in it."""
    name = f"{'a' * 64}.image"
    keys = []
    for folder in (pathlib.Path(instances_path, "_imports"), tmp_path / "_imports"):
        folder.mkdir()
        path = folder / name
        for content in (b"one", b"other"):
            path.write_bytes(content)
            keys.append(base_path(str(path), instances_path=instances_path))
    assert keys[0] == keys[1]
    assert len(set(keys[1:])) == 3


def test_processes_convert_once(
    image: Image,
    instances_path: str,
    tmp_path: pathlib.Path,
    fake_qemu_img: Callable[[str], None],
) -> None:
    """The conversion waits until all have come, so that all want it at once."""
    path, log, arrived = image(QCOW2, SIZE), tmp_path / "log", tmp_path / "arrived"
    arrived.mkdir()
    fake_qemu_img(
        f"""
        if [ "$1" = convert ]; then
            echo convert >> {log}
            while [ "$(ls {arrived} | wc -l)" -lt 5 ]; do sleep 0.05; done
        fi
        exec $REAL "$@"
        """
    )
    asking = [_ask(path, instances_path, arrived / str(n)) for n in range(5)]
    answers = {process.communicate(timeout=120)[0] for process in asking}
    base = base_path("", "x", instances_path=instances_path)
    assert answers == {base + "\n"}
    assert log.read_text() == "convert\n"
    assert _bases(instances_path) == [os.path.basename(base)]


def test_threads_convert_once(
    image: Image,
    instances_path: str,
    tmp_path: pathlib.Path,
    fake_qemu_img: Callable[[str], None],
) -> None:
    path, log = image(QCOW2, SIZE), tmp_path / "log"
    fake_qemu_img(f'[ "$1" = convert ] && echo convert >> {log}; exec $REAL "$@"')
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda n: _ensure(path, instances_path), range(8)))
    assert len(answers) == 1
    assert log.read_text() == "convert\n"


def _until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def killed(
    image: Image,
    instances_path: str,
    tmp_path: pathlib.Path,
    fake_qemu_img: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> pathlib.Path:
    """An image whose copying process was killed in the midst of it."""
    path, started, fifo = image(QCOW2, SIZE), tmp_path / "started", tmp_path / "fifo"
    os.mkfifo(fifo)
    with monkeypatch.context() as context:
        before = os.environ["PATH"]
        fake_qemu_img(
            f"""
            [ "$1" = convert ] || exec $REAL "$@"
            for target; do :; done
            echo half > "$target"
            echo $$ > {started}.new; mv {started}.new {started}
            read nothing < {fifo}
            """
        )
        process = _ask(path, instances_path, tmp_path / "arrived")
        context.setenv("PATH", before)
    monkeypatch.setenv("PATH", before)
    _until(started.exists, process)
    process.kill()
    process.communicate()
    copier = pathlib.Path("/proc", started.read_text().strip())
    deadline = time.monotonic() + 30
    while copier.exists():
        assert time.monotonic() < deadline, "it goes on without its parent"
        time.sleep(0.01)
    return path


def test_a_killed_copy_counts_for_nothing(
    killed: pathlib.Path, instances_path: str, tmp_path: pathlib.Path
) -> None:
    base = base_path("", "x", instances_path=instances_path)
    assert _bases(instances_path) == [os.path.basename(part_name(base))]
    assert _ensure(killed, instances_path) == base
    assert _bases(instances_path) == [os.path.basename(base)]
    assert pathlib.Path(base).read_bytes() == (tmp_path / "pattern.raw").read_bytes()


def test_a_killed_copy_goes_when_another_image_is_asked_for(
    killed: pathlib.Path, instances_path: str
) -> None:
    base = _ensure(killed, instances_path, "another")
    assert _bases(instances_path) == [os.path.basename(base)]


def test_a_living_copy_is_left_alone(
    image: Image,
    instances_path: str,
    tmp_path: pathlib.Path,
    fake_qemu_img: Callable[[str], None],
) -> None:
    path, slow, fifo = image(QCOW2, SIZE), tmp_path / "slow.qcow2", tmp_path / "fifo"
    slow.write_bytes(path.read_bytes())
    started = tmp_path / "started"
    base = base_path("", "x", instances_path=instances_path)
    os.mkfifo(fifo)
    fake_qemu_img(
        f"""
        case "$*" in
        convert*{part_name(base)}) touch {started}; read nothing < {fifo};;
        esac
        exec $REAL "$@"
        """
    )
    process = _ask(slow, instances_path, tmp_path / "arrived")
    _until(started.exists, process)
    quick = _ensure(path, instances_path, "another")
    assert set(_bases(instances_path)) == {
        os.path.basename(quick),
        os.path.basename(part_name(base)),
    }
    fifo.write_text("\n")
    assert process.communicate(timeout=120)[0] == base + "\n"
    assert pathlib.Path(base).read_bytes() == pathlib.Path(quick).read_bytes()


def test_a_failed_conversion_leaves_nothing(
    image: Image, instances_path: str, fake_qemu_img: Callable[[str], None]
) -> None:
    path = image(QCOW2, SIZE)
    fake_qemu_img('[ "$1" = convert ] && exit 1; exec $REAL "$@"')
    with pytest.raises(exceptions.ToolFailed, match="qemu-img failed while converting"):
        _ensure(path, instances_path)
    assert _bases(instances_path) == []


def test_a_liar_gets_no_base(image: Image, instances_path: str) -> None:
    path = image(DiskFormat.RAW, SIZE)
    with pytest.raises(exceptions.ImageRejected, match="its content is raw"):
        _ensure(path, instances_path)
    assert _bases(instances_path) == []
