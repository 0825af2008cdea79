# SPDX-License-Identifier: Apache-2.0
"""Which source a person means by a path or a URL."""

import os
import re
import urllib.parse

from nova_xen import exceptions
from nova_xen.images.sources.http import HttpSource
from nova_xen.images.sources.local import LocalSource
from nova_xen.images.sources.source import ImageSource

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def find_source(location: str, *, timeout: float = 60) -> ImageSource:
    """The source for a path, or a file:, http: or https: URL.

    :param timeout: seconds that a server may keep silent
    :raises ImageUnavailable: a URL of another kind, or none that can be understood
    """
    found = _URL.match(location)
    if found is None:
        return LocalSource(os.path.abspath(location))
    try:
        parts = urllib.parse.urlsplit(location)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise _no_url(found[0] + "...", str(error)) from None
    match parts.scheme.lower():
        case "file" if host in (None, "localhost"):
            return LocalSource(os.path.abspath(urllib.parse.unquote(parts.path)))
        case "file":
            raise _no_url(location, "a file: URL names a file of this host alone")
        case "http" | "https" if host:
            return HttpSource(location, timeout)
        case "http" | "https":
            raise _no_url(location, "the URL names no server")
        case scheme:
            raise _no_url(
                f"{scheme}://...",
                "only files of this host and http: or https: URLs can be fetched",
            )


def _no_url(location: str, why: str) -> exceptions.ImageUnavailable:
    return exceptions.ImageUnavailable(image=location, why=why)
