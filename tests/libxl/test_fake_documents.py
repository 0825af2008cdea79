# SPDX-License-Identifier: Apache-2.0
"""The fake writes definitions as libvirtd does: stopped, running, stopped again."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest
from lxml import etree

from libxl.rig.daemon import Daemon
from nova_xen.testing import FakeHost

GOLDEN = Path(__file__).parents[1] / "golden"
DOCUMENTS = sorted(
    file for file in GOLDEN.glob("**/*.xml") if "<domain " in file.read_text()
)
MEMORY_MIB = 65536
CPUS = 16


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("documents")
    with Daemon(folder / "xen", memory_mib=MEMORY_MIB, cpus=CPUS) as daemon:
        yield libvirt.open(daemon.uri)


@pytest.fixture
def fake() -> Any:
    host = FakeHost(memory_mib=MEMORY_MIB, cpus=CPUS, exists=lambda path: True)
    return host.connect()


def _usable(file: Path, boot_file: str) -> str:
    """Return a document whose boot files exist here and that names no emulator."""
    text = re.sub(
        r"<(kernel|initrd|loader)([^>]*)>[^<]*<",
        rf"<\1\2>{boot_file}<",
        file.read_text(),
    )
    return re.sub(r"<emulator>[^<]*</emulator>", "", text)


def _facts(text: str) -> list[str]:
    """Return every element with its place, in an order that is always the same."""
    root = etree.fromstring(text, etree.XMLParser(remove_blank_text=True))
    tree = root.getroottree()
    facts = []
    for element in root.iter("*"):
        path = re.sub(r"\[\d+\]", "", tree.getpath(element))
        attributes = sorted(element.attrib.items())
        facts.append(f"{path} {attributes} {(element.text or '').strip()}")
    return sorted(_without_numbers(fact) for fact in facts)


def _without_numbers(fact: str) -> str:
    """Leave out what differs between two hosts: ids and terminals."""
    fact = re.sub(r"/dev/pts/\d+", "/dev/pts/N", fact)
    return re.sub(r"vif\d+|\('id', '\d+'\)", "N", fact)


def _life(connection: Any, text: str) -> list[list[str]]:
    """Return a guest's definition before, during and after a run."""
    domain = connection.defineXML(text)
    seen = [_facts(domain.XMLDesc())]
    domain.create()
    seen.append(_facts(domain.XMLDesc()))
    seen.append(_facts(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))
    domain.destroy()
    seen.append(_facts(domain.XMLDesc()))
    domain.undefine()
    return seen


@pytest.mark.parametrize("file", DOCUMENTS, ids=[file.stem for file in DOCUMENTS])
def test_definitions(real: Any, fake: Any, boot_file: str, file: Path) -> None:
    text = _usable(file, boot_file)
    assert _life(fake, text) == _life(real, text)


def test_there_are_documents() -> None:
    assert len(DOCUMENTS) > 10
