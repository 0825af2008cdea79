# SPDX-License-Identifier: Apache-2.0
"""Requests and answers of HTTP.

Imported when the first request is made: requests takes longer to load than most
commands take to run.
"""

import datetime
import email.utils
import http.client
import re
import urllib.parse
from collections.abc import Callable, Mapping

import requests
import urllib3.exceptions

from nova_xen import exceptions
from nova_xen.images.sources.source import Broken

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-[0-9]{1,19}/([0-9]{1,19})")
_LENGTH = re.compile("[0-9]{1,19}")
#: how much older than its answer a change must be, for its time to name the content:
#: RFC 9110 8.8.2.2 wants a second, or more where two clocks may differ
_SETTLED = datetime.timedelta(seconds=60)
_LONGEST_REASON = 200
#: errors that have a URL in their text
_TELLTALES = (
    urllib3.exceptions.HostChangedError,
    urllib3.exceptions.LocationValueError,
    urllib3.exceptions.MaxRetryError,
    http.client.InvalidURL,
)
_Prepared = requests.PreparedRequest


class _Session(requests.Session):
    """Follows no redirection and does not look at what it has to say.

    Even with allow_redirects off, requests prepares the request that would follow. For
    that it reads the body of the answer whole, and unpacks it: gigabytes, when the
    server likes.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class HttpStream:
    """The body of an answer, as it is sent."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        headers = response.headers
        self.version = _version(headers)
        self.start = 0
        self.size: int | None
        found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
        chunked = headers.get("Transfer-Encoding", "").strip().lower() == "chunked"
        if response.status_code == 206 and found:
            self.start, self.size = int(found[1]), int(found[2])
        else:
            # a length beside chunks does not count (RFC 9112 6.3)
            self.size = None if chunked else _length(headers)
        self.cut_shows = chunked or self.size is not None

    def read(self, size: int) -> bytes:
        """The next bytes, undecoded: what is stored is what is summed."""
        try:
            return bytes(self._response.raw.read(size, decode_content=False))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Broken(_why(error)) from None

    def close(self) -> None:
        self._response.close()


def _version(headers: Mapping[str, str]) -> str:
    """What If-Range takes: a strong ETag, else a time of change that is as good."""
    tag = headers.get("ETag", "")
    if tag.startswith('"') and tag.isprintable():
        return tag
    changed = headers.get("Last-Modified", "")
    date = headers.get("Date", "")
    return changed if changed.isprintable() and _is_settled(changed, date) else ""


def _is_settled(changed: str, date: str) -> bool:
    """Whether no other content can have, or yet get, the same time of change."""
    parse = email.utils.parsedate_to_datetime
    try:
        return parse(date) - parse(changed) >= _SETTLED
    except (TypeError, ValueError, OverflowError):
        return False


def _length(headers: Mapping[str, str]) -> int | None:
    told = headers.get("Content-Length", "")
    return int(told) if _LENGTH.fullmatch(told) else None


def ask(
    url: str, headers: Mapping[str, str], *, timeout: float, image: str
) -> requests.Response:
    """Send a GET; the body is left to be read, whatever the status.

    :param timeout: seconds that the server may keep silent
    :param image: what it is called to people
    :raises Broken: it may go well the next time
    :raises ImageUnavailable: it will not
    """
    with _Session() as session:
        try:
            return session.get(
                url,
                headers=dict(headers),
                auth=_credentials(url),
                stream=True,
                allow_redirects=False,
                timeout=timeout,
            )
        except requests.exceptions.SSLError as error:
            why = (
                f"{_why(error)}; where the server's certificate is your own, name the "
                "file of its authority in REQUESTS_CA_BUNDLE"
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            raise Broken(_why(error)) from None
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            ValueError,
        ) as error:
            # not its text, which may repeat the URL
            why = (
                f"nothing can be asked for by its URL ({type(error).__name__}); check "
                "the URL, and the proxies in the environment"
            )
    raise exceptions.ImageUnavailable(image=image, why=why)


def _credentials(url: str) -> tuple[str, str] | Callable[[_Prepared], _Prepared]:
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
        inner = getattr(reason, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((a for a in reason.args if isinstance(a, BaseException)), None)
        if inner is None:
            break
        reason = inner
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    if isinstance(reason, _TELLTALES):
        return type(reason).__name__
    words = re.sub(r"<[^>]*>:?\s*|HTTPS?Connection\w*\([^)]*\):?\s*", "", str(reason))
    return words.strip().rstrip(".")[:_LONGEST_REASON] or type(reason).__name__
