# SPDX-License-Identifier: Apache-2.0
"""A server of images that can be told how to behave badly."""

import contextlib
import dataclasses
import http.server
import re
import threading
from collections.abc import Iterator


@dataclasses.dataclass
class Site:
    """What it serves at every path, and how.

    ``cuts``: for each request to come, after how many bytes of the body the connection
    is cut (None: not). ``statuses``: the answers before the first good one.
    """

    content: bytes = b""
    etag: str = '"one"'
    last_modified: str = ""
    ranges: bool = True
    length: bool = True
    cuts: list[int | None] = dataclasses.field(default_factory=list)
    statuses: list[int] = dataclasses.field(default_factory=list)
    redirects: dict[str, str] = dataclasses.field(default_factory=dict)
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    silent: bool = False
    #: of each answer that would be a good one
    wrong: dict[str, str] = dataclasses.field(default_factory=dict)
    wrong_status: int = 0
    url: str = ""
    requests: list[dict[str, str]] = dataclasses.field(default_factory=list)
    sent: list[int] = dataclasses.field(default_factory=list)

    def starts(self) -> list[int]:
        """Where each request wanted to begin."""
        found = [re.match(r"bytes=(\d+)-", r.get("Range", "")) for r in self.requests]
        return [int(match[1]) if match else 0 for match in found]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""

    def do_GET(self) -> None:
        site = self.site
        site.requests.append(dict(self.headers.items()))
        self.close_connection = True
        if site.silent:
            threading.Event().wait(5)
            return
        if self.path in site.redirects:
            self._answer(302, {"Location": site.redirects[self.path]}, b"")
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
        cut = self.site.cuts.pop(0) if self.site.cuts and status < 300 else None
        self.site.sent.append(len(body[:cut]))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.site.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body[:cut])


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
