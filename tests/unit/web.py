# SPDX-License-Identifier: Apache-2.0
"""A server of images that can be told how to behave badly."""

import contextlib
import dataclasses
import http.server
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

_PIECE = 64 * 1024


@dataclasses.dataclass
class Site:
    """What it serves at every path, and how.

    ``cuts``: for each request to come, after how many bytes of the body the connection
    is cut (None: not). ``statuses``: the answers before the first good one. ``then``:
    for each request to come, what changes here before it is answered.
    """

    content: bytes = b""
    etag: str = '"one"'
    last_modified: str = ""
    #: of the answer, instead of now
    date: str | None = None
    ranges: bool = True
    #: told before the body; else it comes in chunks
    length: bool = True
    #: neither a length nor chunks: the body ends with the connection
    endless: bool = False
    cuts: list[int | None] = dataclasses.field(default_factory=list)
    statuses: list[int] = dataclasses.field(default_factory=list)
    then: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    redirects: dict[str, str] = dataclasses.field(default_factory=dict)
    redirect_headers: dict[str, str] = dataclasses.field(default_factory=dict)
    redirect_body: bytes = b""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    #: sent between the headers as it is
    garbage: bytes = b""
    silent: bool = False
    #: of each answer that would be a good one
    wrong: dict[str, str] = dataclasses.field(default_factory=dict)
    wrong_status: int = 0
    url: str = ""
    requests: list[dict[str, str]] = dataclasses.field(default_factory=list)
    #: bytes of each body that were to be sent, and that the system took
    sent: list[int] = dataclasses.field(default_factory=list)
    written: list[int] = dataclasses.field(default_factory=list)

    def starts(self) -> list[int]:
        """Where each request wanted to begin."""
        found = [re.match(r"bytes=(\d+)-", r.get("Range", "")) for r in self.requests]
        return [int(match[1]) if match else 0 for match in found]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def setup(self) -> None:
        # so that little is taken of what nobody reads
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PIECE)
        super().setup()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        date = self.site.date
        return super().date_time_string(timestamp) if date is None else date

    def do_GET(self) -> None:
        site = self.site
        site.requests.append(dict(self.headers.items()))
        for name, value in (site.then.pop(0) if site.then else {}).items():
            setattr(site, name, value)
        self.close_connection = True
        if site.silent:
            threading.Event().wait(5)
            return
        if self.path in site.redirects:
            headers = {"Location": site.redirects[self.path], **site.redirect_headers}
            self._answer(302, headers, site.redirect_body)
        elif site.statuses:
            self._answer(site.statuses.pop(0), {}, b"no")
        else:
            self._serve(site)

    def _serve(self, site: Site) -> None:
        start = site.starts()[-1]
        version = site.etag or site.last_modified
        named = {"ETag": site.etag, "Last-Modified": site.last_modified}
        headers = {name: value for name, value in named.items() if value}
        headers |= site.headers
        whole = len(site.content)
        if site.wrong_status:
            self._answer(site.wrong_status, site.wrong, site.content[start:])
        elif not start or not site.ranges or self.headers.get("If-Range") != version:
            self._answer(200, headers, site.content)
        elif start >= whole:
            self._answer(416, {"Content-Range": f"bytes */{whole}"}, b"")
        else:
            headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
            self._answer(206, headers, site.content[start:])

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        site = self.site
        cut = site.cuts.pop(0) if site.cuts and status < 300 else None
        site.sent.append(len(body[:cut]))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        chunked = not (site.length or site.endless)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif not site.endless:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers(site.garbage)
        written = 0
        try:
            whole = memoryview(body)[:cut]
            for start in range(0, len(whole), _PIECE):
                piece = whole[start : start + _PIECE]
                framed = (
                    b"%x\r\n%b\r\n" % (len(piece), bytes(piece)) if chunked else piece
                )
                self.wfile.write(framed)
                written += len(piece)
            if chunked and cut is None:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            # the other end has gone away
            pass
        finally:
            site.written.append(written)

    def end_headers(self, garbage: bytes = b"") -> None:
        if garbage:
            self._headers_buffer: list[bytes]
            self._headers_buffer.append(garbage)
        super().end_headers()


@contextlib.contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve ``site`` while the block runs; its ``url`` is set."""
    handler = type("Handler", (_Handler,), {"site": site})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
