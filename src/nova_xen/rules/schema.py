# SPDX-License-Identifier: Apache-2.0
"""libvirt's RelaxNG schema of domain documents."""

import functools
import pathlib
from collections.abc import Iterator

from lxml import etree

from nova_xen.rules.base import Finding

#: Debian's libvirt0 ships the schema here
SCHEMA = pathlib.Path("/usr/share/libvirt/schemas/domain.rng")


@functools.cache
def _load(path: pathlib.Path) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(path)))


def schema_findings(
    node: etree._Element, path: pathlib.Path = SCHEMA
) -> Iterator[Finding]:
    """Where the document is not what the schema allows.

    Without the schema (another distribution) nothing is found here: libvirt checks
    again with VIR_DOMAIN_DEFINE_VALIDATE.
    """
    if not path.exists():
        return
    schema = _load(path)
    if not schema.validate(node):
        errors = schema.error_log.filter_from_errors()
        last = errors[-1] if len(errors) else None
        where = f" ({last.message}, line {last.line})" if last is not None else ""
        yield Finding("SCHEMA", f"libvirt's schema does not allow the document{where}")
