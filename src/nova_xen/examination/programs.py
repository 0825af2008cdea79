# SPDX-License-Identifier: Apache-2.0
"""Programs that are found as those are that run them."""

import shutil
from collections.abc import Iterable

from nova_xen.images.tools.tool import environment
from nova_xen.model.doctor import Program, ProgramFacts


def program_facts(programs: Iterable[Program]) -> ProgramFacts:
    """Where each is, a name named twice once."""
    asked = {each.name: each for each in programs}
    path = environment()["PATH"]
    found = {name: shutil.which(name, path=path) for name in asked}
    return ProgramFacts(
        programs=tuple(asked.values()),
        found={name: where for name, where in found.items() if where},
    )
