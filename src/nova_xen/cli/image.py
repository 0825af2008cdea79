# SPDX-License-Identifier: Apache-2.0
"""nova-xen image inspect, and image cache list, scrub and prune; none needs libvirt."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cliff.lister import Lister
from cliff.show import ShowOne

from nova_xen.cli import endings, rows
from nova_xen.cli.arguments import IMAGE_FORMATS
from nova_xen.cli.base import NovaXenCommand

if TYPE_CHECKING:
    from nova_xen.model import Scrubbed


class InspectImage(NovaXenCommand, ShowOne):
    """Tell what an image is, or why it would be refused."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("file", metavar="FILE", help="image on this host")
        parser.add_argument(
            "--image-format",
            choices=IMAGE_FORMATS,
            help="format it is declared to have (default: what its header says)",
        )
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.IMAGE

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        found = self.driver.inspect_image(parsed_args.file, parsed_args.image_format)
        return rows.IMAGE, rows.image(parsed_args.file, found)


class ListCache(NovaXenCommand, Lister):
    """List the images that this host keeps, and which servers use them."""

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.CACHE

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        return rows.CACHE, [
            rows.cached(each) for each in self.driver.list_image_cache()
        ]


class ScrubCache(NovaXenCommand, Lister):
    """Read the images kept again; damaged ones are removed unless they are in use."""

    _damaged = False

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.SCRUB

    def perform(self, parsed_args: argparse.Namespace) -> int:
        ended = super().perform(parsed_args)
        return endings.FAILED if self._damaged else ended

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        with self.app.progress() as progress:
            found = self.driver.scrub_image_cache(progress)
        self._damaged = any(each.damaged for each in found)
        self._warn_of_the_uncompared(found)
        return rows.SCRUB, [rows.scrubbed(each) for each in found]

    def _warn_of_the_uncompared(self, found: "Sequence[Scrubbed]") -> None:
        """Recorded is not intact: it may have been damaged before."""
        from nova_xen.model import ScrubResult

        number = sum(each.result is ScrubResult.RECORDED for each in found)
        if number:
            self.app.warn(
                f"{number} of the images had no checksum, so that nothing could be "
                "compared; what they are now was recorded"
            )


class PruneCache(NovaXenCommand, Lister):
    """Remove images that are not in use and old, or above the cache's limit."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--all", action="store_true", help="remove all that are not in use"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would go, remove nothing"
        )
        return parser

    def columns(self, _args: argparse.Namespace) -> Sequence[str]:
        return rows.PRUNE

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
        gone = self.driver.prune_image_cache(
            everything=parsed_args.all, dry_run=parsed_args.dry_run
        )
        return rows.PRUNE, [rows.removal(each) for each in gone]
