# SPDX-License-Identifier: Apache-2.0
"""How often a migration is looked at, so that looking does not slow it down."""

#: of the time at most that looks may take of a processor, which Domain-0 needs to copy
SHARE = 0.01
#: seconds between two looks at most: people wait for what they ask for
LONGEST = 3.0


def pause(interval: float, took: float) -> float:
    """Seconds until the next look.

    :param interval: what the operator asks for at least, in seconds; more than
        ``LONGEST`` is kept
    :param took: seconds of a processor that the last look has taken: 0.001 on today's
        hosts, 0.03 on emulated ones
    """
    return max(interval, min(took / SHARE, LONGEST))
