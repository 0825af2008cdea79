# SPDX-License-Identifier: Apache-2.0
"""Let libvirt name a CPU it does not know: the emulated one.

libvirt's libxl driver stays off when no model of its CPU map is a subset of the
host's CPU ("Cannot find suitable CPU model for given data"). Xen and QEMU under
TCG hide features that every model of the map has, so these are taken out of one
old model. That makes the host's CPU model in the capabilities a fiction; nothing
else looks at it.
"""

import re
from pathlib import Path

_MAP = Path("usr/share/libvirt/cpu_map")
# Xen hides sep from AMD processors' dom0; QEMU under TCG has no vme
HIDDEN = ("sep", "vme")
MODELS = ("kvm64",)


def without_features(text: str, features: tuple[str, ...] = HIDDEN) -> str:
    """The model's XML without these features."""
    names = "|".join(map(re.escape, features))
    return re.sub(rf"[ \t]*<feature name=['\"](?:{names})['\"]\s*/>\n?", "", text)


def relax(root: Path) -> None:
    """Edit the model files in the dom0 tree."""
    for model in MODELS:
        path = root / _MAP / f"x86_{model}.xml"
        path.write_text(without_features(path.read_text()))
