# SPDX-License-Identifier: Apache-2.0
"""Debian systems unpacked into a folder by mmdebstrap."""

import json
from dataclasses import dataclass
from pathlib import Path

from lab import cache, sources
from lab.run import run

# raise it when the same inputs must give another tree
_RECIPE = "2"
_MERGED_USR = Path("/usr/share/mmdebstrap/hooks/merged-usr")


@dataclass(frozen=True)
class TreeSpec:
    """A system to unpack: Debian suite, packages, dpkg options, apt sources."""

    suite: str
    packages: tuple[str, ...]
    dpkg_options: tuple[str, ...]
    sources: str
    variant: str = "minbase"

    @property
    def key(self) -> str:
        facts = [self.suite, self.packages, self.dpkg_options, self.sources]
        text = json.dumps([_RECIPE, self.variant, *facts])
        return f"{self.suite}-{cache.key_of(text)}"


def spec(
    suite: str,
    packages: list[str],
    options: list[str],
    variant: str = "minbase",
) -> TreeSpec:
    """The spec with this machine's own apt sources."""
    lines = sources.for_suite(suite)
    return TreeSpec(suite, tuple(packages), tuple(options), lines, variant)


def built(folder: Path, wanted: TreeSpec, what: str) -> Path:
    """The unpacked system, from the cache or by mmdebstrap (a minute or two)."""
    made = cache.built(folder, wanted.key, what, lambda new: _make(new, wanted))
    return made / "root"


def _make(folder: Path, wanted: TreeSpec) -> None:
    listed = folder / "apt.list"
    listed.write_text(wanted.sources)
    log = folder / "mmdebstrap.log"
    run(command(wanted, folder / "root", listed), log=log)


def command(wanted: TreeSpec, target: Path, listed: Path) -> list[str | Path]:
    """The mmdebstrap call for this spec."""
    hooks: list[str | Path] = []
    if wanted.suite == "bookworm" and _MERGED_USR.is_dir():
        hooks = ["--hook-dir", _MERGED_USR]
    return [
        "mmdebstrap",
        "--mode=root",
        f"--variant={wanted.variant}",
        f"--include={','.join(wanted.packages)}",
        '--aptopt=DPkg::Lock::Timeout "600"',
        '--aptopt=Acquire::Retries "3"',
        "--aptopt=Apt::Install-Recommends false",
        *(f"--dpkgopt={option}" for option in wanted.dpkg_options),
        *hooks,
        '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin',
        wanted.suite,
        target,
        listed,
    ]
