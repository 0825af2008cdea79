# SPDX-License-Identifier: Apache-2.0
"""What is put into dom0: the package and the libraries it asks for."""

import configparser
import io
import tarfile
from pathlib import Path

import pytest
from lab import dom0_python, package
from lab.dom0_python import Wanted
from lab.errors import LabError

SETUP = """[metadata]
name = nova-xen

[entry_points]
console_scripts =
    nova-xen = nova_xen.cli.app:main
some.group =
    one = a.b:C
"""


def _checkout(folder: Path) -> Path:
    source = folder / "src" / "nova_xen"
    (source / "__pycache__").mkdir(parents=True)
    (source / "__init__.py").write_text("")
    (source / "__pycache__" / "x.pyc").write_text("")
    (folder / "setup.cfg").write_text(SETUP)
    return folder


def test_requirements_leave_out_what_debian_has() -> None:
    lines = ["lxml>=4.9", "libvirt-python>=9", "oslo.config>=9 # x", "", "# no"]
    assert dom0_python.filter_requirements(lines) == {"oslo.config>=9"}


def test_key_of_libraries_depends_on_python_and_requirements() -> None:
    keys = {
        Wanted(("a",), "3.11").key,
        Wanted(("a",), "3.13").key,
        Wanted((), "3.11").key,
    }
    assert len(keys) == 3


def test_pip_downloads_for_the_python_of_dom0() -> None:
    words = dom0_python.download_command(Wanted(("cliff",), "3.13"), Path("/w"))
    assert {"--python-version=3.13", "--abi=cp313", "cliff"} <= set(map(str, words))


def test_a_checkout_without_the_package_has_nothing_to_install(tmp_path: Path) -> None:
    assert package.collect("3.11", tmp_path) is None


def test_sources_without_setup_cfg_are_refused(tmp_path: Path) -> None:
    (tmp_path / "src" / "nova_xen").mkdir(parents=True)
    with pytest.raises(LabError, match=r"setup\.cfg"):
        package.collect("3.11", tmp_path)


def test_package_has_sources_metadata_and_command(tmp_path: Path) -> None:
    found = package.collect("3.11", _checkout(tmp_path))
    assert found is not None
    site = "opt/nova-xen/lib/python3.11/site-packages"
    names = set(found.files)
    assert f"{site}/nova_xen/__init__.py" in names
    assert not [name for name in names if "__pycache__" in name]
    points = configparser.ConfigParser()
    points.read_string(
        found.files[f"{site}/nova_xen-0.0.0.dist-info/entry_points.txt"].decode()
    )
    assert points["some.group"]["one"] == "a.b:C"
    assert found.programs == ("opt/nova-xen/bin/nova-xen",)
    script = found.files["opt/nova-xen/bin/nova-xen"].decode()
    assert "from nova_xen.cli.app import main" in script


def test_archive_keeps_programs_executable(tmp_path: Path) -> None:
    found = package.collect("3.11", _checkout(tmp_path))
    assert found is not None
    with tarfile.open(fileobj=io.BytesIO(found.archive())) as tar:
        modes = {member.name: member.mode for member in tar}
    assert modes["opt/nova-xen/bin/nova-xen"] == 0o755
    assert {*modes.values()} == {0o755, 0o644}


def test_key_changes_with_a_source(tmp_path: Path) -> None:
    before = package.collect("3.11", _checkout(tmp_path))
    (tmp_path / "src/nova_xen/__init__.py").write_text("x = 1\n")
    after = package.collect("3.11", tmp_path)
    assert before is not None
    assert after is not None
    assert before.key != after.key
