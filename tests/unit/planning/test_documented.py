# SPDX-License-Identifier: Apache-2.0
"""doc/properties.rst names every property that planning reads."""

import re
from pathlib import Path

import nova_xen.planning
from unit.planning.refused import PAGE, page

NAME = re.compile(
    r"(vm_mode|os_type|hypervisor_type|architecture|(hw|os|img)_[a-z_]+"
    r"|(quota|hw|os):[a-z_]+[a-z]|pci_passthrough:[a-z]+|resources:[A-Z]+)"
)


def names(source: str) -> set[str]:
    literals = re.findall(r'"([^"\n]+)"', source)
    return {each for each in literals if NAME.fullmatch(each)}


def read_by_planning() -> set[str]:
    folder = Path(nova_xen.planning.__path__[0])
    made = {"hw_disk_bus", "hw_cdrom_bus"}  # put together from the device
    return made.union(
        *(
            names(file.read_text("utf-8"))
            for file in folder.iterdir()
            if file.suffix == ".py"
        )
    )


def undocumented(text: str) -> set[str]:
    named = set(re.findall(r"``([^`*]+)\*?``", text))
    return read_by_planning() - named


def test_every_property_is_documented() -> None:
    assert undocumented(PAGE.read_text("utf-8")) == set()


def test_one_that_is_not_is_noticed() -> None:
    text = PAGE.read_text("utf-8").replace("``hw_vif_model``", "")
    assert undocumented(text) == {"hw_vif_model"}


def test_the_list_of_what_is_refused_is_as_it_is() -> None:
    """Write it anew: ``PYTHONPATH=src:tests python -m unit.planning.refused``."""
    text = PAGE.read_text("utf-8")
    assert text == page(text)
