# SPDX-License-Identifier: Apache-2.0
"""What others write into a definition: metadata, title, description, autostart."""

from typing import Any

import libvirt
import pytest
from lxml import etree

from contract import documents
from contract.refusals import DOMAIN, LIBXL, refused
from contract.tiers.base import Tier

MISSING = libvirt.VIR_ERR_NO_DOMAIN_METADATA
INVALID = libvirt.VIR_ERR_OPERATION_INVALID
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG
ELEMENT = libvirt.VIR_DOMAIN_METADATA_ELEMENT
TITLE = libvirt.VIR_DOMAIN_METADATA_TITLE
DESCRIPTION = libvirt.VIR_DOMAIN_METADATA_DESCRIPTION
URI = "http://example.org/contract"
TEXT = "<instance state='new'><disk format='qcow2'>root</disk></instance>"


def _canonical(text: str) -> bytes:
    parser = etree.XMLParser(remove_blank_text=True)
    return etree.tostring(etree.fromstring(text, parser), method="c14n")


def test_an_element_comes_back_without_its_namespace(defined: Any) -> None:
    defined.setMetadata(ELEMENT, TEXT, "contract", URI, CONFIG)
    assert _canonical(defined.metadata(ELEMENT, URI)) == _canonical(TEXT)


def test_an_element_stands_in_its_namespace(defined: Any) -> None:
    defined.setMetadata(ELEMENT, TEXT, "contract", URI, CONFIG)
    root = etree.fromstring(defined.XMLDesc())
    assert root.find(f"metadata/{{{URI}}}instance/{{{URI}}}disk") is not None


def test_an_element_of_the_definition_is_read(xen: Tier) -> None:
    extra = f"<metadata><c:instance xmlns:c='{URI}'><c:a/></c:instance></metadata>"
    domain = xen.connection.defineXML(documents.guest(xen, extra=extra))
    assert _canonical(domain.metadata(ELEMENT, URI)) == b"<instance><a></a></instance>"


def test_a_second_element_of_a_namespace_replaces_the_first(defined: Any) -> None:
    defined.setMetadata(ELEMENT, TEXT, "contract", URI, CONFIG)
    defined.setMetadata(ELEMENT, "<other/>", "contract", URI, CONFIG)
    assert _canonical(defined.metadata(ELEMENT, URI)) == b"<other></other>"


def test_an_element_is_removed(defined: Any) -> None:
    defined.setMetadata(ELEMENT, TEXT, "contract", URI, CONFIG)
    defined.setMetadata(ELEMENT, None, "contract", URI, CONFIG)
    with refused(MISSING, DOMAIN, "Requested metadata element is not present"):
        defined.metadata(ELEMENT, URI)


@pytest.mark.parametrize("kind", [TITLE, DESCRIPTION])
def test_missing_texts(defined: Any, kind: int) -> None:
    with refused(MISSING, DOMAIN):
        defined.metadata(kind, None)


@pytest.mark.parametrize("kind", [TITLE, DESCRIPTION])
def test_texts_change_and_go(defined: Any, kind: int) -> None:
    defined.setMetadata(kind, "words", None, None, CONFIG)
    assert defined.metadata(kind, None) == "words"
    defined.setMetadata(kind, "", None, None, CONFIG)
    with refused(MISSING, DOMAIN):
        defined.metadata(kind, None)


def test_now_and_the_next_start_are_apart(running: Any) -> None:
    running.setMetadata(ELEMENT, "<now/>", "contract", URI, LIVE)
    running.setMetadata(ELEMENT, "<later/>", "contract", URI, CONFIG)
    assert "now" in running.metadata(ELEMENT, URI, LIVE)
    assert "later" in running.metadata(ELEMENT, URI, CONFIG)


def test_metadata_of_now_ends_with_the_run(running: Any) -> None:
    running.setMetadata(ELEMENT, "<now/>", "contract", URI, LIVE)
    running.destroy()
    with refused(MISSING, DOMAIN):
        running.metadata(ELEMENT, URI)


def test_kept_metadata_of_a_transient_guest(xen: Tier) -> None:
    domain = xen.connection.createXML(documents.guest(xen))
    with refused(INVALID, DOMAIN):
        domain.setMetadata(ELEMENT, TEXT, "contract", URI, CONFIG)


def test_metadata_stays_when_the_guest_restarts(xen: Tier, running: Any) -> None:
    running.setMetadata(ELEMENT, TEXT, "contract", URI, LIVE | CONFIG)
    recorder = xen.record()
    xen.guest_reboots(documents.NAME)
    recorder.wait(documents.NAME, 2)
    recorder.stop()
    assert _canonical(running.metadata(ELEMENT, URI)) == _canonical(TEXT)


def test_autostart(defined: Any) -> None:
    assert defined.autostart() == 0
    defined.setAutostart(1)
    assert defined.autostart() == 1


def test_autostart_of_a_transient_guest(xen: Tier) -> None:
    domain = xen.connection.createXML(documents.guest(xen))
    with refused(INVALID, LIBXL, "cannot set autostart for transient domain"):
        domain.setAutostart(1)
