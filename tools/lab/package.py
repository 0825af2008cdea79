# SPDX-License-Identifier: Apache-2.0
"""The checkout's nova_xen as files for dom0's virtual environment.

What pip would write, made here from setup.cfg: building a wheel takes longer than
copying the sources, and longer still inside the emulation.
"""

import configparser
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab import cache
from lab.dom0_python import VENV
from lab.errors import LabError
from lab.settings import REPOSITORY

_VERSION = "0.0.0"
_SCRIPT = """#!/{venv}/bin/python3
import sys
from {module} import {function}
sys.exit({function}())
"""


@dataclass(frozen=True)
class Package:
    """Path inside dom0 (without the first slash) -> content; programs by name."""

    files: Mapping[str, bytes]
    programs: tuple[str, ...]

    @property
    def key(self) -> str:
        pairs = sorted(self.files.items())
        return cache.key_of(*(part for pair in pairs for part in pair))

    def archive(self) -> bytes:
        """A tar archive to be unpacked at dom0's root."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
            for name, data in sorted(self.files.items()):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                member.mode = 0o755 if name in self.programs else 0o644
                tar.addfile(member, io.BytesIO(data))
        return buffer.getvalue()


def collect(python: str, repository: Path = REPOSITORY) -> Package | None:
    """The package for dom0's Python, or None when the checkout has none."""
    source = repository / "src" / "nova_xen"
    if not source.is_dir():
        return None
    setup = configparser.ConfigParser()
    setup.read(repository / "setup.cfg")
    if not setup.has_option("metadata", "name"):
        raise LabError(f"{repository}/setup.cfg names no package: nothing to install.")
    site = f"{VENV}/lib/python{python}/site-packages"
    files = dict(_sources(source, site)) | _metadata(setup, site)
    scripts = _scripts(setup)
    return Package(files | scripts, tuple(scripts))


def _sources(source: Path, site: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{site}/nova_xen/{path.relative_to(source)}", path.read_bytes()


def _metadata(setup: configparser.ConfigParser, site: str) -> dict[str, bytes]:
    name = setup["metadata"]["name"]
    folder = f"{site}/{name.replace('-', '_')}-{_VERSION}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {_VERSION}\n"
    files = {"METADATA": about, "INSTALLER": "xenlab\n", "RECORD": ""}
    files["entry_points.txt"] = entry_points(setup)
    return {f"{folder}/{file}": text.encode() for file, text in files.items()}


def entry_points(setup: configparser.ConfigParser) -> str:
    """entry_points.txt from setup.cfg's [entry_points], as pbr would write it."""
    section = setup["entry_points"] if setup.has_section("entry_points") else {}
    groups = [f"[{group}]\n{lines.strip()}\n" for group, lines in section.items()]
    return "\n".join(groups)


def _scripts(setup: configparser.ConfigParser) -> dict[str, bytes]:
    lines = setup.get("entry_points", "console_scripts", fallback="").splitlines()
    scripts = {}
    for line in filter(str.strip, lines):
        name, _, target = (part.strip() for part in line.partition("="))
        module, _, function = target.partition(":")
        text = _SCRIPT.format(venv=VENV, module=module, function=function)
        scripts[f"{VENV}/bin/{name}"] = text.encode()
    return scripts
