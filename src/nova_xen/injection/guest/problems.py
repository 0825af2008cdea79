# SPDX-License-Identifier: Apache-2.0
"""Why a disk could not be written, before it is known which server it is for."""

import enum


class Kind(enum.StrEnum):
    """Whose fault it is: the request's or its image's, the host's, or nobody's."""

    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"


class Problem(Exception):
    """Parts of a sentence: ``why``, and ``advice``, or ``doing`` when it failed."""

    kind: Kind

    def __init__(self, why: str, other: str) -> None:
        super().__init__(why)
        self.why = why
        self.other = other


class Refused(Problem):
    """What is asked for cannot be had on this disk; ``other`` is the advice."""

    kind = Kind.REFUSED

    def __init__(
        self, why: str, advice: str = "use a config drive or another image"
    ) -> None:
        super().__init__(why, advice)


class Unavailable(Problem):
    """The host lacks something; ``other`` is the advice."""

    kind = Kind.UNAVAILABLE


class Failed(Problem):
    """libguestfs failed; ``other`` is what it was doing."""

    kind = Kind.FAILED
