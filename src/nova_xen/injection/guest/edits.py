# SPDX-License-Identifier: Apache-2.0
"""What is to be changed in a guest, as values."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class MakeFolder:
    """A folder of root's with this mode, whether it is new or not; never a link."""

    path: str
    mode: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class WriteFile:
    """A file with this content; folders above it are made when they are missing.

    ``mode`` None takes 0644 for a new file and leaves that of an old one. ``owned``
    gives an old file to root too. ``keep_link`` refuses a link in its place, which
    is replaced otherwise: what was read to make ``content`` stands elsewhere then.
    """

    path: str
    content: bytes = dataclasses.field(repr=False)
    mode: int | None = None
    owned: bool = False
    keep_link: bool = False


Edit = MakeFolder | WriteFile
