# SPDX-License-Identifier: Apache-2.0
"""The folder of libvirt's definitions is synced, where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nova_xen.hypervisor.definitions import sync_definitions


def test_the_folder_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number)))
    sync_definitions(str(tmp_path))
    assert [each.st_ino for each in synced] == [tmp_path.stat().st_ino]


def test_no_folder_is_no_error(tmp_path: Path) -> None:
    sync_definitions(str(tmp_path / "none"))
    (tmp_path / "file").touch()
    sync_definitions(str(tmp_path / "file"))
