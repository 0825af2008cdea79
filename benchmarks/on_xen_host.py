# SPDX-License-Identifier: Apache-2.0
"""The part of the benchmark ``create`` that runs in a Xen host's dom0.

    python3 - JSON < on_xen_host.py

It needs Python alone, nova-xen's command and virsh. For each mode it has nova-xen
make a server once, takes the document and files of that for virsh, and then lets both
make a guest in turn. What a killed run left is removed first; what is printed is JSON.
"""

import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

WORK = Path("/var/tmp/nova-xen-bench")  # noqa: S108 # in dom0, where root alone works
OURS = "nova-xen-bench"
BARE = "nova-xen-bench-bare"
MODE_PROPERTIES = {"pv": "vm_mode=xen", "pvh": "hw_machine_type=xenpvh"}
LIMIT = 600  # seconds for any one command
GONE_LIMIT = 120  # seconds for a guest to be gone after its end was ordered


def run(*argv: str) -> str:
    """Standard output of a command; the program ends with its message if it fails."""
    done = _done(*argv)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv[:3])}: {done.stderr.strip()[-400:]}")
    return done.stdout


def _done(*argv: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(argv, 127, "", "there is no such command")


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    before = time.monotonic()
    work()
    return time.monotonic() - before


def clean() -> None:
    """Remove what this program made, now or in a run that was killed."""
    _done("nova-xen", "server", "delete", OURS)
    for name in (OURS, BARE):
        _done("virsh", "destroy", name)
    wait_gone(OURS)
    wait_gone(BARE)
    shutil.rmtree(WORK, ignore_errors=True)


def wait_gone(name: str) -> None:
    """Until neither libvirt nor Xen knows the guest."""
    deadline = time.monotonic() + GONE_LIMIT
    while _is_there(name):
        if time.monotonic() > deadline:
            raise SystemExit(f"guest {name} is still there after {GONE_LIMIT} s")
        time.sleep(0.2)


def _is_there(name: str) -> bool:
    return any(_done(*look, name).returncode == 0 for look in LOOKS)


LOOKS = (("virsh", "domstate"), ("xl", "domid"))


def must_run(name: str) -> None:
    """The guest runs, or the figure would be of something else."""
    state = run("virsh", "domstate", name).strip()
    if state != "running":
        raise SystemExit(f"guest {name} is {state} after it was created")


class Maker:
    """Makes and removes the same guest with nova-xen and with virsh."""

    def __init__(self, mode: str, asked: dict[str, Any]) -> None:
        image = WORK / "image.raw"
        with image.open("wb") as file:
            file.truncate(asked["disk_mib"] * 1024**2)
        line = f"os_command_line={asked['cmdline']}"
        self._create = [
            *("nova-xen", "-q", "server", "create", OURS, "-f", "json"),
            *("--image", str(image), "--image-format", "raw"),
            *("--kernel", asked["kernel"], "--ramdisk", asked["ramdisk"]),
            *("--ram", str(asked["ram_mib"])),
            *("--property", MODE_PROPERTIES[mode], "--property", line),
        ]
        self._xml = WORK / f"{mode}.xml"

    def ours(self) -> None:
        """A server by nova-xen, from nothing to running."""
        run(*self._create)

    def bare(self) -> None:
        """The same guest by virsh, whose files are there already."""
        run("virsh", "create", str(self._xml))

    def remove_ours(self) -> None:
        """Delete the server."""
        run("nova-xen", "server", "delete", OURS)
        wait_gone(OURS)

    def remove_bare(self) -> None:
        """Switch the guest off; there is no definition of it."""
        run("virsh", "destroy", BARE)
        wait_gone(BARE)

    def prepare(self) -> None:
        """Have nova-xen make one, and keep its document and files for virsh."""
        self.ours()
        must_run(OURS)
        text = run("virsh", "dumpxml", "--inactive", "--security-info", OURS)
        folder = _folder(text)
        files = WORK / "files"
        shutil.rmtree(files, ignore_errors=True)
        self._copy_files(folder, files)
        text = text.replace(str(folder), str(files))
        root = ElementTree.fromstring(text)  # noqa: S314 # libvirt's own
        _set(root, "name", BARE)
        _set(root, "uuid", str(uuid.uuid4()))
        self._xml.write_text(ElementTree.tostring(root, encoding="unicode"))
        self.remove_ours()

    def _copy_files(self, folder: Path, files: Path) -> None:
        """Copy the server's files while the guest does not write them."""
        run("virsh", "suspend", OURS)
        shutil.copytree(folder, files)
        run("virsh", "resume", OURS)


def _folder(text: str) -> Path:
    """The folder of the server's files, by its kernel."""
    kernel = ElementTree.fromstring(text).findtext("os/kernel")  # noqa: S314
    return Path(kernel or "").parent


def _set(root: ElementTree.Element, tag: str, text: str) -> None:
    found = root.find(tag)
    if found is None:
        raise SystemExit(f"libvirt's document has no {tag}")
    found.text = text


def measure(mode: str, asked: dict[str, Any]) -> dict[str, list[float]]:
    """Seconds of each way to make a guest of ``mode``, one value a round."""
    maker = Maker(mode, asked)
    maker.prepare()
    taken: dict[str, list[float]] = {"nova-xen": [], "virsh": [], "list": []}

    def ours() -> None:
        taken["nova-xen"].append(seconds(maker.ours))
        must_run(OURS)
        maker.remove_ours()

    def bare() -> None:
        taken["virsh"].append(seconds(maker.bare))
        must_run(BARE)
        maker.remove_bare()

    for index in range(asked["rounds"]):
        for work in (ours, bare) if index % 2 else (bare, ours):
            work()
        taken["list"].append(seconds(lambda: run("nova-xen", "server", "list")))
    return taken


def main() -> None:
    """Measure what standard input's JSON argument asks for."""
    asked = json.loads(sys.argv[1])
    clean()
    WORK.mkdir(parents=True)
    try:
        taken = {mode: measure(mode, asked) for mode in asked["modes"]}
    finally:
        clean()
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
