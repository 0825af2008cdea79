# SPDX-License-Identifier: Apache-2.0
"""The bytes of an image, and where images are kept."""

from nova_xen.exceptions.base import NovaXenError


class ImageRejected(NovaXenError):
    msg_fmt = "Image %(image)s is refused: %(why)s."


class ImageUnchecked(NovaXenError):
    msg_fmt = "Image %(image)s could not be checked: %(why)s."


class ImageUnavailable(NovaXenError):
    msg_fmt = "Image %(image)s cannot be fetched: %(why)s."


class CacheFailed(NovaXenError):
    msg_fmt = (
        "The images kept in %(folder)s cannot be %(action)s: %(why)s; nothing that is "
        "in use was touched."
    )
