# SPDX-License-Identifier: Apache-2.0
"""nova-xen server delete, start, stop, reboot, pause and unpause."""

import abc
import argparse
import logging

from nova_xen.cli import endings, values
from nova_xen.cli.base import NovaXenCommand
from nova_xen.cli.terminal import shown
from nova_xen.exceptions import NovaXenError

LOG = logging.getLogger(__name__)


class EachServer(NovaXenCommand, abc.ABC):
    """Does the same with several servers; a failure does not stop the rest."""

    #: what was done, for ``-v``
    done: str

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "names", metavar="NAME", nargs="+", help="name or UUID of a server"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        """Gives 0, or the exit code of the failures; stops when interrupted."""
        ended = 0
        for name in dict.fromkeys(parsed_args.names):
            try:
                self.act(name, parsed_args)
                LOG.info("Server %s %s.", shown(name), self.done)
            except NovaXenError as error:
                ended = self.app.fail(error)
                if ended != endings.FAILED:
                    return ended
            except KeyboardInterrupt as stop:
                stop.add_note(
                    f"Server {shown(name)} was being {self.done}; see "
                    "'nova-xen server list' for what it is now."
                )
                raise
        return ended

    @abc.abstractmethod
    def act(self, name: str, args: argparse.Namespace) -> None:
        """Do it with one server."""


class DeleteServer(EachServer):
    """Switch servers off and remove them with their disks."""

    done = "deleted"

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        self.driver.init_host()
        return super().take_action(parsed_args)

    def act(self, name: str, args: argparse.Namespace) -> None:
        self.driver.destroy(name)


class StartServer(EachServer):
    """Start servers that are off; a suspended one goes on where it was."""

    done = "started"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--discard-memory",
            action="store_true",
            help="throw the memory of a suspended server away and boot it anew",
        )
        return parser

    def act(self, name: str, args: argparse.Namespace) -> None:
        self.driver.power_on(name, discard_memory=args.discard_memory)


class StopServer(EachServer):
    """Shut servers down; switch off those that do not shut down in time."""

    done = "stopped"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--timeout",
            metavar="SECONDS",
            type=values.whole(0, "seconds"),
            help="time that each guest has to shut down, 0: none "
            "(default: the option [xen] shutdown_timeout)",
        )
        return parser

    def act(self, name: str, args: argparse.Namespace) -> None:
        self.driver.power_off(name, args.timeout)


class RebootServer(EachServer):
    """Reboot servers; reset those that do not reboot by themselves."""

    done = "rebooted"

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--hard", action="store_true", help="switch off and on without asking"
        )
        return parser

    def act(self, name: str, args: argparse.Namespace) -> None:
        self.driver.reboot(name, hard=args.hard)


class PauseServer(EachServer):
    """Stop the vCPUs of servers."""

    done = "paused"

    def act(self, name: str, args: argparse.Namespace) -> None:
        self.driver.pause(name)


class UnpauseServer(EachServer):
    """Let the vCPUs of paused servers go on."""

    done = "unpaused"

    def act(self, name: str, args: argparse.Namespace) -> None:
        self.driver.unpause(name)
