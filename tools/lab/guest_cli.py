# SPDX-License-Identifier: Apache-2.0
"""The command `guest-image`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import guest_image, needs
from lab.errors import LabError
from lab.settings import SUITES, cache_dir


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="guest-image",
        description="Build a small Debian guest for Xen: kernel, initrd, disks.",
    )
    parser.add_argument("--output", type=Path, help="copy the files to this folder")
    parser.add_argument("--suite", choices=sorted(SUITES), default="bookworm")
    parser.add_argument("--install-missing", action="store_true")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Build and print the folder with the files; 1 with a sentence on failure."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    options = _parser().parse_args(arguments)
    try:
        needs.require(needs.GUEST_COMMANDS, options.install_missing)
        image = guest_image.built(cache_dir(), options.suite)
        if options.output:
            guest_image.copy_to(image, options.output)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    print(options.output or image.folder)
    return 0
