# SPDX-License-Identifier: Apache-2.0
"""xenconsoled, by the options that it was started with."""

from pathlib import Path

from nova_xen.examination.places import Places
from nova_xen.hypervisor.xenconsoled import daemon_options, log_dir_of
from nova_xen.model.doctor import ConsoleFacts


def console_facts(places: Places) -> ConsoleFacts:
    """Whether it runs, and where it logs."""
    options = daemon_options(places.at("/proc"))
    if options is None:
        return ConsoleFacts(running=False)
    folder = log_dir_of(options)
    return ConsoleFacts(
        running=True,
        folder=folder,
        exists=folder is not None and Path(folder).is_dir(),
    )
