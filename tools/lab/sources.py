# SPDX-License-Identifier: Apache-2.0
"""The machine's own Debian mirrors, turned to the suite that is wanted.

Reads one-line files (sources.list) and deb822 files (debian.sources), see
sources.list(5). Third-party entries are left out: their suites are not
Debian's.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lab.errors import LabError

_SUITE = re.compile(
    r"^(?:bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing)"
    r"(-security|-updates|-proposed-updates|-backports)?$"
)
_KEPT = ("", "-security", "-updates")
_PLACES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d")
OVERRIDE = "NOVA_XEN_LAB_APT_SOURCES"


def for_suite(suite: str, environment: Mapping[str, str] = os.environ) -> str:
    """One-line apt sources for ``suite``; LabError when there is no mirror."""
    if named := environment.get(OVERRIDE):
        return Path(named).read_text()
    lines = retarget((path.name, path.read_text()) for path in _files())
    wanted = sorted({line.replace("@SUITE@", suite) for line in lines})
    if not wanted:
        raise LabError(
            "No Debian mirror stands in /etc/apt/sources.list or sources.list.d: "
            f"name a file with apt sources for {suite} in {OVERRIDE}."
        )
    return "\n".join(wanted) + "\n"


def _files() -> list[Path]:
    found: list[Path] = []
    for place in map(Path, _PLACES):
        inside = sorted(place.iterdir()) if place.is_dir() else [place]
        found += [path for path in inside if path.suffix in (".list", ".sources")]
    return [path for path in found if path.is_file()]


def retarget(files: Iterable[tuple[str, str]]) -> list[str]:
    """Source lines with @SUITE@ for the release's name, from (name, text) pairs."""
    lines: list[str] = []
    for name, text in files:
        reader = _deb822 if name.endswith(".sources") else _one_line
        lines += reader(text)
    return lines


def _entries(options: str, uri: str, suite: str, components: str) -> list[str]:
    match = _SUITE.match(suite)
    if not match or (match[1] or "") not in _KEPT or "main" not in components.split():
        return []
    return [f"deb {options}{uri} @SUITE@{match[1] or ''} main"]


def _one_line(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        match = re.match(r"^deb\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line.strip())
        if match:
            lines += _entries(match[1] or "", match[2], match[3], match[4])
    return lines


def _deb822(text: str) -> list[str]:
    lines: list[str] = []
    for stanza in re.split(r"\n\s*\n", text):
        field = _fields(stanza)
        if "deb" not in field.get("types", "").split() or field.get("enabled") == "no":
            continue
        for uri in field.get("uris", "").split():
            for suite in field.get("suites", "").split():
                components = field.get("components", "")
                lines += _entries(_options(field), uri, suite, components)
    return lines


def _fields(stanza: str) -> dict[str, str]:
    joined = re.sub(r"\n[ \t]+", " ", _without_comments(stanza))
    pairs = (line.partition(":") for line in joined.splitlines() if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _without_comments(stanza: str) -> str:
    return "\n".join(x for x in stanza.splitlines() if not x.startswith("#"))


def _options(field: Mapping[str, str]) -> str:
    words = [
        f"{name}={field[name]}"
        for name in ("signed-by", "trusted")
        if field.get(name) and " " not in field[name]
    ]
    return f"[{' '.join(words)}] " if words else ""
