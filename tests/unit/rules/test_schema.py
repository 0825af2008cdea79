# SPDX-License-Identifier: Apache-2.0
"""libvirt's own schema, where it is installed."""

import pathlib

import pytest

from nova_xen.domain.tree import fromstring
from nova_xen.rules.schema import SCHEMA, schema_findings
from unit.rules.documents import PV_GUEST

needs_schema = pytest.mark.skipif(
    not SCHEMA.exists(), reason="libvirt's schema is not installed"
)


@needs_schema
def test_a_planned_document_is_allowed() -> None:
    assert list(schema_findings(PV_GUEST.to_xml())) == []


@needs_schema
@pytest.mark.parametrize(
    "document",
    [
        "<domain type='xen'/>",
        "<domain type='xen'><name>x</name><memory>much</memory></domain>",
        "<network/>",
    ],
)
def test_what_the_schema_forbids_is_found(document: str) -> None:
    (finding,) = schema_findings(fromstring(document))
    assert finding.rule == "SCHEMA"
    assert finding.sentence.startswith("libvirt's schema does not allow the document (")


def test_without_a_schema_nothing_is_found(tmp_path: pathlib.Path) -> None:
    missing = tmp_path / "domain.rng"
    assert list(schema_findings(fromstring("<network/>"), missing)) == []
