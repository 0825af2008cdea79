# SPDX-License-Identifier: Apache-2.0
"""nova-xen migration peer."""

import argparse
import contextlib
import os
from collections.abc import Iterator

from cliff.command import Command

from nova_xen.cli.base import NovaXenCommand

_STDIN, _STDOUT, _STDERR = 0, 1, 2


class MigrationPeer(NovaXenCommand, Command):
    """Answer another host's nova-xen that sends a server here; not for people.

    It reads requests from standard input and writes answers to standard output until
    the input ends. The option [xen] migration_peer_command of the other host starts it.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        from nova_xen.migration.peer.serve import serve

        with own_streams() as (requests, answers):
            serve(self.driver.migration_peer(), requests, answers)
        return 0


@contextlib.contextmanager
def own_streams() -> Iterator[tuple[int, int]]:
    """Standard input and output for the caller alone, as descriptors.

    What this process, a library of it or a program that it runs reads and prints
    meanwhile comes from nowhere and goes to standard error.
    """
    requests, answers = os.dup(_STDIN), os.dup(_STDOUT)
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, _STDIN)
        os.close(null)
        os.dup2(_STDERR, _STDOUT)
        yield requests, answers
    finally:
        os.dup2(requests, _STDIN)
        os.dup2(answers, _STDOUT)
        os.close(requests)
        os.close(answers)
