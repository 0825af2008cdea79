# SPDX-License-Identifier: Apache-2.0
"""Images looked at and kept."""

from nova_xen.driver.base import DriverBase
from nova_xen.images import InspectedImage, Progress, no_progress
from nova_xen.model import CachedImage, Removal, Scrubbed
from nova_xen.operations import image


class ImageMethods(DriverBase):
    """Files inspected, and the cache of what was downloaded."""

    def inspect_image(
        self, path: str, image_format: str | None = None
    ) -> InspectedImage:
        """What a file proves to be; the format is raw, qcow2, vhd or iso."""
        return image.inspect_file(path, image_format)

    def list_image_cache(self) -> tuple[CachedImage, ...]:
        """The images that this host keeps."""
        return image.list_cache(self._host)

    def scrub_image_cache(
        self, progress: Progress = no_progress
    ) -> tuple[Scrubbed, ...]:
        """Read the images kept again; damaged ones go unless they are in use."""
        return image.scrub_cache(self._host, progress)

    def prune_image_cache(
        self, *, everything: bool = False, dry_run: bool = False
    ) -> tuple[Removal, ...]:
        """Remove images that are not in use and old, or above the limit."""
        return image.prune_cache(self._host, everything=everything, dry_run=dry_run)
