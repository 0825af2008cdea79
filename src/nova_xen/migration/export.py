# SPDX-License-Identifier: Apache-2.0
"""The numbers of migrations, written where Prometheus finds them if that is wished."""

import logging

from nova_xen import exceptions
from nova_xen.migration.world import World
from nova_xen.model import MigrationProgress, MigrationRecord

LOG = logging.getLogger(__name__)


def export(
    world: World, record: MigrationRecord, progress: MigrationProgress | None = None
) -> None:
    """Write the file that the option ``migration_metrics_path`` names, if it does.

    :param record: the migration that the progress is of; None is for one that ended
    :raises OSError: the file system refused
    :raises HistoryUnreadable:
    """
    path = world.options.metrics_path
    if path is None:
        return
    # prometheus_client counts on a busy host, and few hosts want it
    from nova_xen.migration.metrics import write_metrics

    running = {} if progress is None else {record.id: progress}
    write_metrics(path, world.history, running)


def export_end(world: World, record: MigrationRecord) -> None:
    """Write it for a migration that has ended, which no number may hinder."""
    try:
        export(world, record)
    except (OSError, exceptions.NovaXenError) as error:
        LOG.warning("Server %s, the numbers of its migration: %s", record.name, error)
