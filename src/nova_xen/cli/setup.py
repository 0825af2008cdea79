# SPDX-License-Identifier: Apache-2.0
"""The arguments that say what a guest is told before its first boot."""

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from nova_xen.cli import values

if TYPE_CHECKING:
    from nova_xen.model import GuestSetup

#: more than any password has; a file beyond it is not one of a password
_SECRET_LIMIT = 4096
#: what planning takes at most, so that nothing larger is read
_DATA_LIMIT = 1024**2


@dataclasses.dataclass(frozen=True)
class Secret:
    """A text that is not to be printed."""

    text: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Content:
    """Bytes of a file that are not to be printed; ``path`` is the guest's, if any."""

    data: bytes = dataclasses.field(repr=False)
    path: str = ""


def secret_file(path: str) -> Secret:
    """The first line of a file."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.readline(_SECRET_LIMIT).rstrip("\r\n")
    except OSError as error:
        raise _unreadable(path, error) from None
    except UnicodeDecodeError:
        raise argparse.ArgumentTypeError(f"{path!r} is no text in UTF-8") from None
    if not text:
        raise argparse.ArgumentTypeError(f"the first line of {path!r} is empty")
    return Secret(text)


def data_file(path: str) -> Content:
    """All of a file."""
    try:
        with open(path, "rb") as file:
            data = file.read(_DATA_LIMIT + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{path!r}: {error}") from None
    if len(data) > _DATA_LIMIT:
        raise argparse.ArgumentTypeError(f"{path!r} is larger than 1 MiB")
    return Content(data)


def guest_file(text: str) -> Content:
    """DST=SRC: a file of this host under an absolute path of the guest."""
    path, equals, source = text.partition("=")
    if not equals or not path or not source:
        why = f"{text!r} is no pair of paths; write /PATH/IN/GUEST=FILE"
        raise argparse.ArgumentTypeError(why)
    if not path.startswith("/"):
        why = f"{path!r} is no absolute path in the guest; write /PATH/IN/GUEST=FILE"
        raise argparse.ArgumentTypeError(why)
    return Content(data_file(source).data, path)


def key_file(path: str) -> tuple[str, ...]:
    """The keys in a file, a line each; empty lines and comments are left out."""
    try:
        text = data_file(path).data.decode()
    except UnicodeDecodeError:
        raise argparse.ArgumentTypeError(f"{path!r} is no text in UTF-8") from None
    lines = [line.strip(" \t\r") for line in text.split("\n")]
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys:
        raise argparse.ArgumentTypeError(f"there is no key in {path!r}")
    return keys


def json_file(path: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        found = json.loads(data_file(path).data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{path!r} is no JSON object")
    return found


def _unreadable(path: str, error: OSError) -> argparse.ArgumentTypeError:
    why = f"{path!r} cannot be read: {error.strerror}"
    return argparse.ArgumentTypeError(why)


def add_setup_arguments(parser: argparse.ArgumentParser) -> None:
    """What the guest is told, and by which way."""
    parser.add_argument(
        "--config-drive",
        action="store_true",
        help="give the guest a config drive, from which cloud-init reads all of this",
    )
    parser.add_argument(
        "--hostname",
        metavar="NAME",
        help="what the guest calls itself (default on a config drive: as the server)",
    )
    parser.add_argument(
        "--meta",
        action=values.KeyValues,
        dest="metadata",
        metavar="KEY=VALUE",
        help="metadata of the server that the guest can read; repeatable",
    )
    _add_files(parser)


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--file",
        action="append",
        dest="files",
        type=guest_file,
        metavar="/PATH=FILE",
        help="put FILE under /PATH in the guest; repeatable",
    )
    parser.add_argument(
        "--key-file",
        action="append",
        dest="keys",
        type=key_file,
        metavar="FILE",
        help="public SSH keys, a line each, for the guest; repeatable",
    )
    needs = "needs a config drive"
    others = (
        ("--admin-pass-file", secret_file, "first line is the admin's password"),
        ("--user-data", data_file, f"content is user data; {needs}"),
        ("--vendor-data", json_file, f"JSON object is vendor data; {needs}"),
    )
    for option, parse, what in others:
        parser.add_argument(
            option, type=parse, metavar="FILE", help=f"file whose {what}"
        )


def to_setup(args: argparse.Namespace) -> "GuestSetup":
    """What the guest is told."""
    from nova_xen.model import GuestSetup, InjectedFile

    password, user_data = args.admin_pass_file, args.user_data
    return GuestSetup(
        hostname=args.hostname,
        ssh_keys=tuple(key for keys in args.keys or () for key in keys),
        admin_password=password.text if password else None,
        files=tuple(
            InjectedFile(path=file.path, content=file.data) for file in args.files or ()
        ),
        metadata=args.metadata or {},
        user_data=user_data.data if user_data else None,
        vendor_data=args.vendor_data,
    )
