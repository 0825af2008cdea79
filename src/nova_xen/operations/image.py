# SPDX-License-Identifier: Apache-2.0
"""The image of a request: fetched, verified and inspected; and the images kept."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nova_xen import exceptions, images
from nova_xen.images import (
    SECTOR,
    Head,
    ImageSource,
    Order,
    Progress,
    find_source,
)
from nova_xen.model import (
    GIB,
    CachedImage,
    Checksum,
    DiskFormat,
    Image,
    ImageOptions,
    Removal,
    Scrubbed,
)
from nova_xen.operations.host import Host
from nova_xen.planning import check_fits, check_name

if TYPE_CHECKING:
    from nova_xen.operations.request import CreateRequest

_ALGORITHM, _VALUE = "os_hash_algo", "os_hash_value"


@contextlib.contextmanager
def held_image(
    host: Host, request: "CreateRequest", progress: Progress
) -> Iterator[Image]:
    """Have the image on this host; a downloaded one stays while the block runs.

    :raises ImageUnavailable, ImageRejected, ImageUnchecked, FlavorTooSmall:
    :raises NotEnoughDisk, ToolFailed: it could not be kept
    """
    check_name(request.name)
    source = _find_source(host, request)
    order = Order(
        instances_path=host.options.instances_path,
        server=request.name,
        checksum=expected_checksum(request),
        options=host.images,
        look=lambda head: _foresee(source, request, host.images, head),
        progress=progress,
    )
    with source.held(order) as path:
        yield inspected(request, path, source.name, host.images)


def foreseen_image(host: Host, request: "CreateRequest") -> Image:
    """The image as far as it can be told without fetching it; a file as it is.

    :raises ImageUnavailable, ImageRejected, ImageUnchecked, FlavorTooSmall:
    """
    source = _find_source(host, request)
    path = local_path(source)
    if path is not None:
        return inspected(request, path, path, host.images)
    return _foresee(source, request, host.images, source.peek())


def _find_source(host: Host, request: "CreateRequest") -> ImageSource:
    _require_name(request.image)
    source = find_source(request.image, timeout=host.images.timeout)
    if isinstance(source, images.LocalSource):
        _require_file_name(request.image)
    return source


def _require_name(image: str) -> None:
    """An empty path would become that of the working folder.

    :raises ImageRejected:
    """
    if not image:
        raise exceptions.ImageRejected(
            image="''", why="that is no name; give the path of an image"
        )


def _require_file_name(path: str) -> None:
    """What can only be a folder's path would lose its end and become a file's.

    :raises ImageRejected:
    """
    if os.path.basename(path) in ("", os.curdir, os.pardir):
        raise exceptions.ImageRejected(
            image=path, why="that is the path of a folder; give the path of an image"
        )


def local_path(source: ImageSource) -> str | None:
    """Where an image lies that is on this host already."""
    return source.path if isinstance(source, images.LocalSource) else None


def inspected(
    request: "CreateRequest", path: str, name: str, options: ImageOptions
) -> Image:
    """The image in a file of this host.

    :param name: what it is called to people
    :raises ImageRejected: not there, not as declared, not safe or too large
    :raises ImageUnchecked: a tool failed, not the image
    """
    declared, iso = _declared(request)
    found = images.inspect_image(path, declared, iso=iso, name=name)
    _check_limit(name, found.virtual_size, options)
    return _image(request, path, found.format, found.virtual_size, iso=found.iso)


def _foresee(
    source: ImageSource, request: "CreateRequest", options: ImageOptions, head: Head
) -> Image:
    declared, iso = _declared(request)
    found = images.inspect_head(source.name, head, declared, iso=iso)
    size = found.virtual_size or 0
    _check_limit(source.name, size, options)
    if not found.iso:
        check_fits(request.name, request.flavor, size)
    if found.format is DiskFormat.RAW and head.size is not None:
        # most likely no fixed VHD after all, of which the size would be a footer less
        size = -(-head.size // SECTOR) * SECTOR
    return _image(request, source.name, found.format, size, iso=found.iso)


def _declared(request: "CreateRequest") -> tuple[DiskFormat | None, bool]:
    iso = request.image_format == "iso"
    if request.image_format and not iso:
        return DiskFormat(request.image_format), iso
    return None, iso


def _check_limit(name: str, size: int, options: ImageOptions) -> None:
    if options.largest is not None and size > options.largest:
        raise exceptions.ImageRejected(
            image=name,
            why=f"its disk is larger than {options.largest // GIB} GiB, the limit of "
            "this host (option [xen] image_limit_gib); raise it or use a smaller image",
        )


def _image(
    request: "CreateRequest", path: str, fmt: DiskFormat, size: int, *, iso: bool
) -> Image:
    properties = dict(request.properties)
    if request.image_checksum is not None:
        properties[_ALGORITHM] = request.image_checksum.algorithm.value
        properties[_VALUE] = request.image_checksum.value
    return Image(
        path=path, disk_format=fmt, virtual_size=size, iso=iso, properties=properties
    )


def expected_checksum(request: "CreateRequest") -> Checksum | None:
    """The checksum that was asked for, by itself or as Glance's two properties.

    :raises InvalidRequest: the properties are none, or say something else
    """
    try:
        told = _told_checksum(request.properties)
    except ValueError as error:
        why = f"the image properties {_ALGORITHM} and {_VALUE} are no checksum: {error}"
        raise exceptions.InvalidRequest(server=request.name, why=why) from None
    if told is None:
        return request.image_checksum
    if request.image_checksum not in (None, told):
        raise exceptions.InvalidRequest(
            server=request.name,
            why=f"the checksum of the image and its properties {_ALGORITHM} and "
            f"{_VALUE} differ; give one of them",
        )
    return told


def declared_checksum(image: Image) -> Checksum | None:
    """The checksum that an image of this host was declared to have.

    :raises ValueError: its properties are none
    """
    return _told_checksum(image.properties)


def _told_checksum(properties: Mapping[str, str]) -> Checksum | None:
    given = [properties.get(name) for name in (_ALGORITHM, _VALUE)]
    if given == [None, None]:
        return None
    return Checksum.of(given[0] or "", given[1] or "")


def inspect_file(path: str, image_format: str | None) -> images.InspectedImage:
    """What a file proves to be.

    :param image_format: raw, qcow2, vhd or iso; None takes what the header says
    :raises ImageRejected, ImageUnchecked:
    """
    _require_name(path)
    _require_file_name(path)
    iso = image_format == "iso"
    declared = DiskFormat(image_format) if image_format and not iso else None
    return images.inspect_image(os.path.abspath(path), declared, iso=iso)


def list_cache(host: Host) -> tuple[CachedImage, ...]:
    """The images kept."""
    return images.list_cache(host.options.instances_path)


def scrub_cache(host: Host, progress: Progress) -> tuple[Scrubbed, ...]:
    """Read the images kept again and drop what is damaged."""
    return images.scrub_cache(host.options.instances_path, progress=progress)


def prune_cache(host: Host, *, everything: bool, dry_run: bool) -> tuple[Removal, ...]:
    """Remove the images that are kept for nothing."""
    return images.prune_cache(
        host.options.instances_path,
        host.images,
        everything=everything,
        dry_run=dry_run,
    )
