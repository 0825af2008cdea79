# SPDX-License-Identifier: Apache-2.0
"""What the lab says when it cannot go on."""


class LabError(Exception):
    """One sentence for the person at the terminal: what, why, what to do."""
