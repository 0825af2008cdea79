# SPDX-License-Identifier: Apache-2.0
"""What a guest's fstab(5) covers."""

from __future__ import annotations

import pytest

from nova_xen.injection.guest.edits import WriteFile
from nova_xen.injection.guest.fstab import mount_points
from nova_xen.injection.guest.problems import Refused
from nova_xen.injection.guest.tree import Tree
from unit.injection.guest.fake_guest import debian


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("", set()),
        ("# /dev/x /srv ext4 defaults 0 0\n#/dev/y /srv\n\n", set()),
        ("/dev/sda1 / ext4 defaults 0 1\n", set()),
        (
            "/dev/sda2 /home ext4 defaults 0 2\nUUID=x\t/srv//a/  xfs\n",
            {"/home", "/srv/a"},
        ),
        ("/dev/sda3 none swap sw 0 0\n/dev/sda3 swap swap\n", set()),
        ("/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0\n", set()),
        ("tmpfs /tmp tmpfs\n", {"/tmp"}),
        ("/dev/xvdb /mnt auto defaults,nofail 0 2\n", {"/mnt"}),
        (r"/dev/x /srv/with\040space ext4", {"/srv/with space"}),
        ("one\n", set()),
    ],
)
def test_mount_points(text: str, points: set[str]) -> None:
    assert mount_points(text) == points


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/home/me/x", "/home"),
        ("/home", "/home"),
        ("/link/x", "/home"),
        ("/home2/x", None),
        ("/srv/x", None),
    ],
)
def test_a_file_that_the_guest_would_cover_is_refused(
    path: str, refused: str | None
) -> None:
    guest = debian()
    guest.folder("/home/me")
    guest.link("/link", "home/me")
    tree = Tree(
        guest, lambda path: True, labels=False, covered=frozenset({"/home", "/opt"})
    )
    edit = WriteFile(path=path, content=b"x")
    if refused is None:
        tree.apply([edit])
        assert guest.nodes[path].content == b"x"
        return
    with pytest.raises(Refused, match=f"would lie below {refused}, where the guest"):
        tree.apply([edit])
