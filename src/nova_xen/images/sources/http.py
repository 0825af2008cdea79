# SPDX-License-Identifier: Apache-2.0
"""Images from servers that speak HTTP, by ranges where these are had (RFC 9110)."""

import contextlib
import dataclasses
import urllib.parse
from typing import TYPE_CHECKING

from nova_xen import exceptions
from nova_xen.images.inspection.head import Head
from nova_xen.images.sources.imports import held_import, peek
from nova_xen.images.sources.source import Broken, Order
from nova_xen.images.sources.urls import BadUrl, join_url, split_url

if TYPE_CHECKING:
    import requests

    from nova_xen.images.sources.transfer import HttpStream

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
#: answers of a server that may have another one later
_LATER = (408, 425, 429, 500, 502, 503, 504)
_RANGE_REFUSED = 416
_CHECK_SECRETS = "check the user, the password and the query in the URL"
_ADVICE = {
    401: _CHECK_SECRETS,
    403: _CHECK_SECRETS,
    404: "check the URL",
    407: "check the user and the password of the proxy, in the environment",
    410: "check the URL",
}
_ELSE = "check the URL, or ask those who run the server"
_ITSELF = "give the URL of the image itself"
_LONGEST_REASON = 80


@dataclasses.dataclass(frozen=True)
class HttpSource:
    """An image by its URL; ``timeout`` in seconds without an answer or a byte."""

    url: str = dataclasses.field(repr=False)
    timeout: float = 60

    @property
    def name(self) -> str:
        """The URL without what may be secret: a user, a password, a query."""
        parts = urllib.parse.urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        query = "..." if parts.query else ""
        return urllib.parse.urlunsplit((parts.scheme, host, parts.path, query, ""))

    @property
    def key(self) -> str:
        """The URL as the server sees it."""
        return urllib.parse.urldefrag(self.url).url

    def peek(self) -> Head:
        """How the image begins, by a transfer that is broken off then."""
        return peek(self)

    def held(self, order: Order) -> contextlib.AbstractContextManager[str]:
        """A whole copy of the image below instances_path."""
        return held_import(self, order)

    def open(self, start: int = 0, version: str = "") -> "HttpStream":
        """Begin a transfer; from its beginning when the content is another one now."""
        from nova_xen.images.sources.transfer import HttpStream

        headers = {"Accept-Encoding": "identity"}
        if start and version:
            headers |= {"Range": f"bytes={start}-", "If-Range": version}
        response = self._follow(headers)
        stream = HttpStream(response)
        status = response.status_code
        if status == 200 or (status == 206 and 0 < stream.start == start):
            return stream
        stream.close()
        if "Range" in headers and status in (206, _RANGE_REFUSED):
            return self.open()
        reason = (response.reason or "")[:_LONGEST_REASON]
        told = f"the server answered {status} {reason}".strip()
        if status in _LATER:
            raise Broken(told)
        raise self._unavailable(f"{told}; {_ADVICE.get(status, _ELSE)}")

    def _follow(self, headers: dict[str, str]) -> "requests.Response":
        """Ask, and ask where the answer sends to."""
        from nova_xen.images.sources.transfer import ask

        url = self.key
        for _ in range(_MOST_REDIRECTS + 1):
            response = ask(url, headers, timeout=self.timeout, image=self.name)
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            url = self.following(url, response.headers.get("Location", ""))
        raise self._unavailable(
            f"it is redirected more than {_MOST_REDIRECTS} times; {_ITSELF}"
        )

    def following(self, url: str, location: str) -> str:
        """Where an answer for ``url`` sends to; never from https to http.

        :raises ImageUnavailable: it leads nowhere that may be gone to
        """
        following, kind = _target(url, location)
        if kind:
            raise self._unavailable(f"it is redirected to a {kind} URL; {_ITSELF}")
        if split_url(url).scheme == "https" != split_url(following).scheme:
            raise self._unavailable(
                "it is redirected from https to http, where anybody on the way may "
                f"change it; {_ITSELF}"
            )
        return following

    def _unavailable(self, why: str) -> exceptions.ImageUnavailable:
        return exceptions.ImageUnavailable(image=self.name, why=why)


def _target(url: str, location: str) -> tuple[str, str]:
    """Where an answer sends to and, if one cannot go there, what kind of URL it is."""
    if not location:
        return "", "missing"
    try:
        following = join_url(url, location)
        parts = split_url(following)
    except BadUrl:
        return "", "malformed"
    if parts.scheme not in ("http", "https"):
        return "", parts.scheme[:_LONGEST_REASON]
    return following, "" if parts.hostname else "malformed"
