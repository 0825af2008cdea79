# SPDX-License-Identifier: Apache-2.0
"""The operator's choices about libguestfs, free of oslo.config."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class InjectionOptions:
    """How libguestfs is run.

    ``memory_mib`` is the appliance's, which is taken from Domain-0 while it runs.
    ``timeout`` in seconds: how long one step may take before all is given up.
    ``network_template`` is a file that replaces ours for /etc/network/interfaces.
    ``cache_dir`` keeps the appliance (some 370 MB); None is a place of the user's.
    ``debug`` writes libguestfs's own messages into the log.
    """

    memory_mib: int = 512
    timeout: int = 300
    network_template: str | None = None
    cache_dir: str | None = None
    debug: bool = False
