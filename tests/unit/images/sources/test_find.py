# SPDX-License-Identifier: Apache-2.0
"""What a path or a URL is taken for, and what is said of one that is none."""

import pathlib

import pytest

from nova_xen import exceptions
from nova_xen.images import LocalSource, find_source
from nova_xen.images.sources.http import HttpSource

AS_HTTP = "write it as http://SERVER/PATH"


@pytest.mark.parametrize(
    ("url", "shown", "words"),
    [
        ("http://user:hunter2/x@h/i", "http://...", "the port in the URL cannot be"),
        ("http://user:12/hunter2@h/i", "http://...", "what is a password in the URL"),
        ("http://user:/hunter2@h/i", "http://...", "what is a password in the URL"),
        ("http://user:12?hunter2@h/i", "http://...", "what is a password in the URL"),
        ("http://user:12#hunter2@h/i", "http://...", "what is a password in the URL"),
        ("http://user:hunter2#x@h/i", "http://...", "cannot be understood"),
        ("http://user:hunter2@/img", "http://...", "the URL names no server; write"),
        ("http:///img?token=hunter2", "http://...", "the URL names no server; write"),
        ("https://:80/hunter2", "https://...", "the URL names no server; write it"),
        ("http://user:hunter2@\u2100/i", "http://...", "cannot be understood; write"),
        ("http://user:hunter2@[::1/i", "http://...", "cannot be understood; write"),
        ("http://user:hunter2@h:99999/i", "http://...", "cannot be understood; write"),
        ("http://user%3Ahunter2%40h/i", "http://...", "name of the server in the URL"),
        ("http://user:hunter2@a b/i", "http://...", "the name of the server in the"),
        ("http://hunter2\\@h/i", "http://...", "a backslash before its path; write"),
        ("http://user:hunter2@h/i\n", "http://...", "a control character in it; write"),
        ("http:/user:hunter2@h/x", "http://...", "lacks the slashes before its server"),
        ("https:user:hunter2@h/x", "https://...", "lacks the slashes before its"),
        ("HTTPS:/user:hunter2@h/x", "https://...", "lacks the slashes before its"),
        (" http:/user:hunter2@h/x", "http://...", "lacks the slashes before its"),
        (" http://user:hunter2@h/x", "http://...", "a blank before the URL; take it"),
        ("\thttp://user:hunter2@h/x", "http://...", "a blank before the URL; take it"),
        ("file://user:hunter2@host/x", "file://...", "of this host alone; write it as"),
        (" file://user:hunter2@h/x", "file://...", "a blank before the URL; take it"),
        ("file:hunter2", "file://...", "write it as file:///PATH"),
        ("file://?hunter2", "file://...", "the URL names no file; write it as file:"),
        ("file:///x%00hunter2", "file://...", "the URL names no file; write it as"),
        ("ftp://user:hunter2@h/x", "ftp://...", "by other means and give its path"),
        ("'http://user:hunter2@h/x", "...", "is no kind of URL; write it as"),
        ("user:hunter2@http://h/x", "...", "is no kind of URL; write it as"),
    ],
)
def test_no_secret_is_told_of_a_url_that_is_none(
    url: str, shown: str, words: str
) -> None:
    with pytest.raises(exceptions.ImageUnavailable) as caught:
        find_source(url)
    told = str(caught.value)
    assert told.startswith(f"Image {shown} cannot be fetched: ")
    assert words in told
    assert "hunter2" not in told
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/i", "http://h/i"),
        ("HTTP://user:hunter2@h:80/i", "http://h:80/i"),
        ("http://user:hunt%2Fer2@[::1]:80/i", "http://[::1]:80/i"),
        ("https://[fe80::1%25eth0]/i", "https://[fe80::1%25eth0]/i"),
        ("http://bücher.example/i#hunter2", "http://bücher.example/i"),
        ("http://h/@scope/my image?token=hunter2", "http://h/@scope/my image?..."),
        ("http://h:80/i?mail=hunter2@h", "http://h:80/i?..."),
        ("http://user:hunter2@h:80/a@b", "http://h:80/a@b"),
    ],
)
def test_what_is_shown_of_a_url(url: str, name: str) -> None:
    source = find_source(url)
    assert isinstance(source, HttpSource)
    assert source.name == name
    assert "hunter2" not in repr(source)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/a/b", "/a/b"),
        ("file:///a/b%20c", "/a/b c"),
        ("FILE://localhost/a", "/a"),
        ("file:/a/b", "/a/b"),
    ],
)
def test_files_of_this_host(location: str, path: str) -> None:
    assert find_source(location) == LocalSource(path)


@pytest.mark.parametrize("name", ["http:x", "file:x", "a:b", " x"])
def test_a_file_with_a_name_like_a_url(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    pathlib.Path(name).touch()
    assert find_source(name) == LocalSource(str(tmp_path / name))
