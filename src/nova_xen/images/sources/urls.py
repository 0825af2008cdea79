# SPDX-License-Identifier: Apache-2.0
"""URLs of images, taken apart without ever repeating what may be secret in them."""

import re
import urllib.parse

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[\w.-]+")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+(%25[\w.-]+)?")


class BadUrl(Exception):
    """A URL that cannot be used; says why, and nothing of what is in it."""


def split_url(url: str) -> urllib.parse.SplitResult:
    """Take a URL apart; it may name no server at all.

    :raises BadUrl: it cannot be understood, or not by all programs in the same way
    """
    if _CONTROL.search(url):
        raise BadUrl("the URL has a control character in it")
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        # its text repeats what stands where the port is expected, as a password may
        raise BadUrl("the server or the port in the URL cannot be understood") from None
    allowed = _ADDRESS if parts.netloc.rpartition("@")[2].startswith("[") else _HOST
    if host is not None and not allowed.fullmatch(host):
        raise BadUrl("the name of the server in the URL is none")
    if "\\" in parts.netloc:
        # urllib3 ends the server's name there, urlsplit does not
        raise BadUrl("the URL has a backslash before its path")
    return parts


def join_url(url: str, location: str) -> str:
    """Where an answer for ``url`` sends to.

    :raises BadUrl: it cannot be understood
    """
    try:
        return urllib.parse.urljoin(url, location)
    except ValueError:
        raise BadUrl("the URL cannot be understood") from None


def may_hide_credentials(parts: urllib.parse.SplitResult) -> bool:
    """Whether what was taken for server and port may be a user and a password.

    An unquoted ``/``, ``?`` or ``#`` in a password ends the part with the server, so
    that the ``@`` behind it comes to stand in the path, the query or the fragment.
    """
    if ":" not in parts.netloc or "@" in parts.netloc:
        return False
    rest = f"{parts.query}#{parts.fragment}" if not parts.path else ""
    return "@" in parts.path + rest
