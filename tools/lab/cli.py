# SPDX-License-Identifier: Apache-2.0
"""The command `xenlab`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import hosts, needs, status
from lab.errors import LabError
from lab.hosts import Lab
from lab.install import install
from lab.progress import say
from lab.settings import HOSTS, MOST_HOSTS, SUITES, Cpu, Host, cache_dir
from lab.soak.run import Soak

_BY_NAME = {host.name: host for host in HOSTS}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xenlab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build the dom0 image")
    up = commands.add_parser("up", help="have N Xen hosts running")
    up.add_argument("count", metavar="N", type=int, nargs="?", default=1)
    up.add_argument(
        "--keep-disk", action="store_true", help="boot the disk of last time"
    )
    up.add_argument("--cpu", default=Cpu().model, help="QEMU's -cpu")
    up.add_argument("--processors", type=int, default=Cpu().count)
    for command in (build, up):
        command.add_argument("--suite", choices=sorted(SUITES), default="bookworm")
        command.add_argument("--install-missing", action="store_true")
    down = commands.add_parser("down", help="stop hosts, all of them by default")
    down.add_argument("hosts", metavar="HOST", nargs="*")
    shown = commands.add_parser("status", help="show the hosts and their ports")
    shown.add_argument("-f", "--format", choices=("text", "json"), default="text")
    ssh = commands.add_parser("ssh", help="run a command in dom0")
    ssh.add_argument("host", choices=sorted(_BY_NAME))
    ssh.add_argument("remote", metavar="CMD", nargs=argparse.REMAINDER)
    logs = commands.add_parser("logs", help="print the console of a host")
    logs.add_argument("host", choices=sorted(_BY_NAME), nargs="?", default="xen1")
    into = commands.add_parser("install", help="put the checkout's nova-xen into dom0")
    into.add_argument("host", choices=sorted(_BY_NAME), nargs="?", default=None)
    soak = commands.add_parser("soak", help="make, move and end guests, watch dom0")
    soak.add_argument("--minutes", type=float, default=60)
    soak.add_argument("--summary", type=Path, help="where to write the JSON summary")
    return parser


def _build(lab: Lab, options: argparse.Namespace) -> int:
    needs.require(needs.HOST_COMMANDS, options.install_missing)
    print(lab.image(SUITES[options.suite]).folder)
    return 0


def _up(lab: Lab, options: argparse.Namespace) -> int:
    if not 1 <= options.count <= MOST_HOSTS:
        raise LabError(f"The lab has 1 to {MOST_HOSTS} hosts, not {options.count}.")
    needs.require(needs.HOST_COMMANDS, options.install_missing)
    suite = SUITES[options.suite]
    cpu = Cpu(options.cpu, options.processors)
    hosts.up(lab, options.count, suite, options.keep_disk, cpu)
    for host in HOSTS[: options.count]:
        install(lab, host)
    print(status.as_text(status.rows(lab)))
    return 0


def _down(lab: Lab, options: argparse.Namespace) -> int:
    hosts.down(lab, [_named(name) for name in options.hosts] or HOSTS)
    return 0


def _status(lab: Lab, options: argparse.Namespace) -> int:
    show = status.as_json if options.format == "json" else status.as_text
    print(show(status.rows(lab)))
    return 0


def _named(name: str) -> Host:
    if name not in _BY_NAME:
        raise LabError(f"The lab has the hosts {', '.join(_BY_NAME)}, not {name}.")
    return _BY_NAME[name]


def running_host(lab: Lab, name: str) -> Host:
    """The host of this name; LabError when it is not running."""
    host = _named(name)
    if host not in lab.running():
        raise LabError(f"{name} is not running: type 'xenlab up {host.number}'.")
    return host


def _ssh(lab: Lab, options: argparse.Namespace) -> int:
    host = running_host(lab, options.host)
    return subprocess.call(lab.ssh(host).argv(*options.remote))


def _logs(lab: Lab, options: argparse.Namespace) -> int:
    print(lab.console(_BY_NAME[options.host]), end="")
    return 0


def _install(lab: Lab, options: argparse.Namespace) -> int:
    wanted = [running_host(lab, options.host)] if options.host else lab.running()
    if not wanted:
        raise LabError("No host is running: type 'xenlab up'.")
    for host in wanted:
        install(lab, host)
    return 0


def _soak(lab: Lab, options: argparse.Namespace) -> int:
    for host in HOSTS:
        running_host(lab, host.name)
    report = Soak(lab, options.summary or lab.folder / "soak.json").run(options.minutes)
    print(report.as_json())
    return report.exit_code()


_COMMANDS = {
    "build": _build,
    "up": _up,
    "down": _down,
    "status": _status,
    "ssh": _ssh,
    "logs": _logs,
    "install": _install,
    "soak": _soak,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](Lab(cache_dir()), options)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
