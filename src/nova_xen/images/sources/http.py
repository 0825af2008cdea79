# SPDX-License-Identifier: Apache-2.0
"""Images from servers that speak HTTP, by ranges where these are had (RFC 9110)."""

import contextlib
import dataclasses
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from nova_xen import exceptions
from nova_xen.images.inspection.head import Head
from nova_xen.images.sources.imports import held_import, peek
from nova_xen.images.sources.source import Broken, Order

if TYPE_CHECKING:
    import requests

_SCHEMES = ("http", "https")
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
#: answers of a server that may have another one later
_LATER = (408, 425, 429, 500, 502, 503, 504)
_RANGE_REFUSED = 416
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class HttpStream:
    """The body of an answer, as it is sent."""

    def __init__(self, response: "requests.Response") -> None:
        self._response = response
        headers = response.headers
        self.version = _version(headers)
        self.start = 0
        self.size: int | None
        found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
        if response.status_code == 206 and found:
            self.start, self.size = int(found[1]), int(found[2])
        else:
            self.size = _length(headers)

    def read(self, size: int) -> bytes:
        """The next bytes, undecoded: what is stored is what is summed."""
        from urllib3.exceptions import HTTPError

        try:
            return bytes(self._response.raw.read(size, decode_content=False))
        except (HTTPError, OSError) as error:
            raise Broken(_why(error)) from None

    def close(self) -> None:
        self._response.close()


def _version(headers: Any) -> str:
    """What If-Range takes: a strong ETag, else the time of the last change."""
    tag = str(headers.get("ETag", ""))
    if tag.startswith('"') and tag.isprintable():
        return tag
    changed = str(headers.get("Last-Modified", ""))
    return changed if changed.isprintable() else ""


def _length(headers: Any) -> int | None:
    told = headers.get("Content-Length", "")
    return int(told) if re.fullmatch("[0-9]{1,19}", told, re.ASCII) else None


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

    def open(self, start: int = 0, version: str = "") -> HttpStream:
        """Begin a transfer; from its beginning when the content is another one now."""
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
        told = f"the server answered {status} {response.reason}".strip()
        if status in _LATER:
            raise Broken(told)
        raise self._unavailable(told)

    def _follow(self, headers: dict[str, str]) -> "requests.Response":
        """Ask, and ask where the answer sends to."""
        url = self.key
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._ask(url, headers)
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            url = self.following(url, response.headers.get("Location", ""))
        raise self._unavailable(f"it is redirected more than {_MOST_REDIRECTS} times")

    def following(self, url: str, location: str) -> str:
        """Where an answer for ``url`` sends to; never from https to http.

        :raises ImageUnavailable: it leads nowhere that may be gone to
        """
        following = urllib.parse.urljoin(url, location)
        scheme = urllib.parse.urlsplit(following).scheme
        if not location or scheme not in _SCHEMES:
            kind = scheme if location else "missing"
            raise self._unavailable(f"it is redirected to a {kind} URL")
        if url.startswith("https:") and scheme != "https":
            raise self._unavailable("it is redirected from https to http")
        return following

    def _ask(self, url: str, headers: dict[str, str]) -> "requests.Response":
        # takes longer to load than most commands to run
        import requests

        with requests.Session() as session:
            try:
                return session.get(
                    url,
                    headers=headers,
                    auth=_credentials(url),
                    stream=True,
                    allow_redirects=False,
                    timeout=self.timeout,
                )
            except requests.exceptions.SSLError as error:
                raise self._unavailable(_why(error)) from None
            except (requests.ConnectionError, requests.Timeout) as error:
                raise Broken(_why(error)) from None
            except (requests.RequestException, ValueError) as error:
                raise self._unavailable(_why(error)) from None

    def _unavailable(self, why: str) -> exceptions.ImageUnavailable:
        return exceptions.ImageUnavailable(image=self.name, why=why)


def _credentials(url: str) -> Any:
    """Those of the URL alone; requests would look into ~/.netrc otherwise."""
    parts = urllib.parse.urlsplit(url)
    if parts.username is None:
        return lambda request: request
    unquote = urllib.parse.unquote
    return unquote(parts.username), unquote(parts.password or "")


def _why(error: BaseException) -> str:
    """The innermost reason; those around it repeat the URL with its secrets."""
    reason: BaseException = error
    while True:
        inner = getattr(reason, "reason", None) or next(
            (each for each in reason.args if isinstance(each, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        reason = inner
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    words = re.sub(r"<[^>]*>:?\s*|HTTPS?Connection\w*\([^)]*\):?\s*", "", str(reason))
    return words.strip().rstrip(".") or type(reason).__name__
