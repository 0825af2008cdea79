# SPDX-License-Identifier: Apache-2.0
"""Where things lie on the host that is examined."""

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Places:
    """The host's own files below ``root``, and names of programs.

    What the options name is no part of it.
    """

    root: Path = Path("/")
    xl: str = "xl"
    openssl: str = "openssl"

    def at(self, path: str) -> Path:
        """An absolute path of the host."""
        return self.root / path.removeprefix("/")
