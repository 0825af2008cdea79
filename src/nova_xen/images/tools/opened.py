# SPDX-License-Identifier: Apache-2.0
"""A file that a program is to read whatever its name leads to meanwhile."""

import dataclasses
import json
import re

from nova_xen.model import DiskFormat

_JSON = re.compile(r"json:\{[^{}]*\{[^{}]*\}[^{}]*\}")


@dataclasses.dataclass(frozen=True)
class OpenFile:
    """An open file by its descriptor, which the program inherits, and its name.

    What is opened by a name a second time may be another file by then: a link that was
    turned to one that only root may read.
    """

    number: int
    name: str

    @property
    def path(self) -> str:
        """Where the program finds the file (proc(5)); permissions are asked anew."""
        return f"/proc/self/fd/{self.number}"

    def argument(self, fmt: DiskFormat) -> str:
        """The file for qemu-img, as a disk of ``fmt`` that lies upon no other one."""
        disk: dict[str, object] = {
            "driver": fmt.qemu_img,
            "file": {"driver": "file", "filename": self.path},
        }
        if fmt is DiskFormat.QCOW2:
            # whatever its header says by the time it is read
            disk["backing"] = None
        return "json:" + json.dumps(disk)

    def named(self, text: str) -> str:
        """What a program said, with the file's own name."""
        text = _JSON.sub(lambda _: self.name, text)
        return re.sub(rf"{self.path}(?!\d)", lambda _: self.name, text)
