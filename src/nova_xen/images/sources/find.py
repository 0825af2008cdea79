# SPDX-License-Identifier: Apache-2.0
"""Which source a person means by a path or a URL."""

import os
import re
import urllib.parse

from nova_xen import exceptions
from nova_xen.images.sources.http import HttpSource
from nova_xen.images.sources.local import LocalSource
from nova_xen.images.sources.source import ImageSource
from nova_xen.images.sources.urls import BadUrl, may_hide_credentials, split_url

#: what was meant as a URL, well written or not
_URL = re.compile(
    r"\s*(?:(?P<known>https?|file):|(?P<other>[a-z][a-z0-9+.-]*)://)", re.IGNORECASE
)
_AS_FILE = "write it as file:///PATH, or give the path alone"
_AS_HTTP = "write it as http://SERVER/PATH or https://SERVER/PATH"
_QUOTED = (
    "in a user or a password write : / ? # @ % as %3A %2F %3F %23 %40 %25, and in a "
    "path @ as %40"
)


def find_source(location: str, *, timeout: float = 60) -> ImageSource:
    """The source for a path, or a file:, http: or https: URL.

    :param timeout: seconds that a server may keep silent
    :raises ImageUnavailable: a URL of another kind, or one that cannot be understood;
        its scheme is told, and nothing else of it
    """
    found = _URL.match(location)
    if found is None and "://" not in location:
        return LocalSource(os.path.abspath(location))
    if found is None:
        raise _no_url("...", f"what stands before :// is no kind of URL; {_AS_HTTP}")
    scheme = (found["known"] or found["other"]).lower()
    shown = f"{scheme}://..."
    if found["known"] and not _has_slashes(location, scheme):
        # also http:/user:password@server, which must not be shown as a path would be
        if os.path.lexists(location):
            return LocalSource(os.path.abspath(location))
        usage = _AS_FILE if scheme == "file" else _AS_HTTP
        raise _no_url(shown, f"the URL lacks the slashes before its server; {usage}")
    try:
        return _of_url(location, scheme, timeout)
    except BadUrl as error:
        raise _no_url(shown, str(error)) from None


def _has_slashes(location: str, scheme: str) -> bool:
    rest = location.lstrip()[len(scheme) + 1 :]
    return rest.startswith("//") or (scheme == "file" and rest.startswith("/"))


def _of_url(location: str, scheme: str, timeout: float) -> ImageSource:
    """:raises BadUrl:"""
    if location[0].isspace():
        raise BadUrl("there is a blank before the URL; take it away")
    match scheme:
        case "file":
            return LocalSource(_local_path(location))
        case "http" | "https":
            return HttpSource(_checked(location), timeout)
    raise BadUrl(
        "only files of this host and http: or https: URLs can be fetched; fetch it by "
        "other means and give its path"
    )


def _local_path(location: str) -> str:
    parts = _split(location, _AS_FILE)
    if parts.hostname not in (None, "localhost"):
        raise BadUrl(f"a file: URL names a file of this host alone; {_AS_FILE}")
    path = urllib.parse.unquote(parts.path)
    if not path.startswith("/") or "\0" in path:
        raise BadUrl(f"the URL names no file; {_AS_FILE}")
    return os.path.abspath(path)


def _checked(location: str) -> str:
    parts = _split(location, f"{_AS_HTTP}, and {_QUOTED}")
    if not parts.hostname:
        raise BadUrl(f"the URL names no server; {_AS_HTTP}")
    if may_hide_credentials(parts):
        raise BadUrl(f"what is a password in the URL, and what a path? {_QUOTED}")
    return location


def _split(location: str, usage: str) -> urllib.parse.SplitResult:
    try:
        return split_url(location)
    except BadUrl as error:
        raise BadUrl(f"{error}; {usage}") from None


def _no_url(shown: str, why: str) -> exceptions.ImageUnavailable:
    return exceptions.ImageUnavailable(image=shown, why=why)
