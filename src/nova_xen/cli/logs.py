# SPDX-License-Identifier: Apache-2.0
"""Where log records go: stderr by the level asked for, and a file with everything."""

import argparse
import logging
from typing import TextIO

from nova_xen.cli import endings
from nova_xen.cli.terminal import one_line

LOG = logging.getLogger("nova_xen.cli")
FILE_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"
#: by how often -v was given, 1 being never; -q is 0
LEVELS = {0: logging.WARNING, 1: logging.WARNING, 2: logging.INFO}
#: libraries that write whole URLs, with a token in the query, into what they log, even
#: into warnings; what goes wrong in them is raised, and told without the URL
_TELLTALES = ("urllib3", "requests")
#: the attribute of a record that the user has read already
_TOLD = "nova_xen_told"


class _Lines(logging.Formatter):
    """One safe line for a record, without a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        text = one_line(record.getMessage())
        if record.levelno < logging.WARNING:
            return text
        return f"{record.levelname.capitalize()}: {text}"


def _has_no_url(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] not in _TELLTALES


def configure(options: argparse.Namespace, stderr: TextIO) -> None:
    """Make the handlers.

    :raises OSError: the file of ``--log-file`` cannot be written
    """
    root = logging.getLogger()
    root.setLevel(logging.DEBUG)
    if options.log_file:
        file = logging.FileHandler(options.log_file)
        file.setFormatter(logging.Formatter(FILE_FORMAT))
        file.addFilter(_has_no_url)
        root.addHandler(file)
    root.addHandler(_console(options, stderr))


def _console(options: argparse.Namespace, stderr: TextIO) -> logging.Handler:
    level = LEVELS.get(options.verbose_level, logging.DEBUG)
    console = logging.StreamHandler(stderr)
    console.setLevel(logging.DEBUG if options.debug else level)
    console.setFormatter(_Lines())
    console.addFilter(_has_no_url)
    console.addFilter(lambda record: not hasattr(record, _TOLD))
    if options.verbose_level < 2 and not options.debug:
        # libraries log what they also raise; the user shall read it once
        console.addFilter(logging.Filter("nova_xen"))
    return console


def record(error: BaseException) -> None:
    """Keep an error that was told to the user, with its traceback, for the file."""
    LOG.error(endings.sentence(error), exc_info=error, extra={_TOLD: True})
