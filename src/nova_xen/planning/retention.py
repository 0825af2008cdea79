# SPDX-License-Identifier: Apache-2.0
"""Which images of the cache go: those unused for long, then what is over the limit."""

from collections.abc import Iterable

from nova_xen.model import GIB, CachedImage, CacheKind, ImageOptions, Removal


def decide_removals(
    images: Iterable[CachedImage],
    options: ImageOptions,
    now: float,
    *,
    everything: bool = False,
) -> tuple[Removal, ...]:
    """What is to be removed and why, unused for longest first.

    :param now: seconds since 1970
    :param everything: whatever is not in use
    """
    images = sorted(images, key=_order)
    unused = [image for image in images if not image.used]
    if everything:
        return tuple(Removal(image, "it is not in use") for image in unused)
    removals = [
        Removal(image, f"unused for {_hours(now - image.last_used)} h")
        for image in unused
        if options.remove_unused and now - image.last_used >= options.minimum_age
    ]
    gone = [removal.image for removal in removals]
    left = [image for image in images if image not in gone]
    return (*removals, *_above_limit(left, options.cache_limit))


def _order(image: CachedImage) -> tuple[float, bool, str]:
    """By last use; a download before the base that was made of it."""
    return image.last_used, image.kind is CacheKind.BASE, image.name


def _above_limit(images: list[CachedImage], limit: int | None) -> list[Removal]:
    if limit is None:
        return []
    total = sum(image.size for image in images)
    removals = []
    for image in images:
        if total > limit and not image.used:
            removals.append(
                Removal(image, f"the cache is above its limit of {limit // GIB} GiB")
            )
            total -= image.size
    return removals


def _hours(seconds: float) -> int:
    return max(int(seconds // 3600), 0)
