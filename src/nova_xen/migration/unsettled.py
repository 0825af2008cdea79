# SPDX-License-Identifier: Apache-2.0
"""Whether this host has a journal at all; nothing else is imported for it.

Most commands migrate nothing, and a start counts on a busy host.
"""

import os

#: below the option ``migration_state_path``
FOLDER = "journals"
SUFFIX = ".json"


def any_journal(state_path: str) -> bool:
    """Whether a migration is under way here, or was cut short; True if unreadable."""
    try:
        names = os.listdir(os.path.join(state_path, FOLDER))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return any(name.endswith(SUFFIX) for name in names)
