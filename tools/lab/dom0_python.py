# SPDX-License-Identifier: Apache-2.0
"""nova-xen's Python dependencies for dom0: a virtual environment at /opt/nova-xen.

Downloaded here, installed in the tree by chroot: pip takes minutes inside the
emulation. libvirt-python and lxml come from Debian's packages in dom0.
"""

import configparser
import re
from dataclasses import dataclass
from pathlib import Path

from lab import cache
from lab.run import run
from lab.settings import REPOSITORY, Suite

VENV = "opt/nova-xen"
_FROM_DEBIAN = ("libvirt-python", "lxml")
# what the package's own build needs when it is installed without isolation
_BUILD = ("pbr", "setuptools", "wheel")
_RECIPE = "2"


@dataclass(frozen=True)
class Wanted:
    """Requirements (PEP 508) and the Python they are for."""

    requirements: tuple[str, ...]
    python: str

    @property
    def key(self) -> str:
        text = "\n".join(self.requirements)
        return f"{self.python}-{cache.key_of(_RECIPE, self.python, text)}"


def wanted(suite: Suite, repository: Path = REPOSITORY) -> Wanted:
    """What the checkout's requirements.txt and setup.cfg ask for; may be nothing."""
    lines = _listed(repository / "requirements.txt")
    lines += _install_requires(repository / "setup.cfg")
    return Wanted(tuple(sorted(filter_requirements(lines))), suite.python)


def filter_requirements(lines: list[str]) -> set[str]:
    """Without comments and without what dom0 has from Debian."""
    plain = {line.partition("#")[0].strip() for line in lines}
    return {line for line in plain if line and _name(line) not in _FROM_DEBIAN}


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[._]", "-", match[0]).lower() if match else ""


def _listed(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []


def _install_requires(path: Path) -> list[str]:
    parser = configparser.ConfigParser()
    parser.read(path)
    return parser.get("options", "install_requires", fallback="").splitlines()


def built(folder: Path, want: Wanted, tree: Path) -> Path:
    """A folder with opt/nova-xen in it, to be laid over the dom0 tree."""
    what = f"Python libraries for dom0 ({len(want.requirements)} requirements)"
    made = cache.built(folder, want.key, what, lambda new: _make(new, want, tree))
    return made / "root"


def _make(folder: Path, want: Wanted, tree: Path) -> None:
    wheels = folder / "wheels"
    run(download_command(want, wheels), log=folder / "pip-download.log")
    # a scratch copy: pip writes there what it likes, the tree stays as it is
    scratch = folder / "scratch"
    run(["cp", "-a", "--reflink=auto", tree, scratch])
    run(["cp", "-a", wheels, scratch / "wheels"])
    log = folder / "pip-install.log"
    venv = ["python3", "-m", "venv", "--system-site-packages", f"/{VENV}"]
    run(["chroot", scratch, *venv], log=log)
    run(install_command(want, scratch), log=log)
    target = folder / "root" / VENV
    target.parent.mkdir(parents=True)
    (scratch / VENV).rename(target)
    (target / "libraries.key").write_text(want.key + "\n")
    run(["rm", "-rf", "--one-file-system", scratch])


def download_command(want: Wanted, target: Path) -> list[str | Path]:
    """pip on this machine, fetching wheels that dom0's Python can use."""
    abi = "cp" + want.python.replace(".", "")
    platforms = ["manylinux2014_x86_64", "manylinux_2_28_x86_64", "linux_x86_64"]
    return [
        "/usr/bin/python3",
        "-m",
        "pip",
        "download",
        "-q",
        "-d",
        target,
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={want.python}",
        *(f"--abi={name}" for name in (abi, "abi3", "none")),
        *(f"--platform={name}" for name in platforms),
        *_BUILD,
        *want.requirements,
    ]


def install_command(want: Wanted, scratch: Path) -> list[str | Path]:
    """pip in the tree, from the downloaded wheels alone."""
    return [
        "chroot",
        scratch,
        "env",
        "-u",
        "PIP_FIND_LINKS",
        f"/{VENV}/bin/pip",
        "install",
        "-q",
        "--isolated",
        "--no-index",
        "--find-links=/wheels",
        "--no-warn-script-location",
        *_BUILD,
        *want.requirements,
    ]
