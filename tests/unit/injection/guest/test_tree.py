# SPDX-License-Identifier: Apache-2.0
"""Writing into a guest that sets traps."""

from __future__ import annotations

import copy
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.injection.guest.edits import MakeFolder, WriteFile
from nova_xen.injection.guest.gather import gather_facts
from nova_xen.injection.guest.problems import Refused
from nova_xen.injection.guest.tree import Tree
from unit.injection.guest.fake_guest import FakeGuest, debian

NEW = b"new"


def tree(guest: FakeGuest, *, owners: bool = True, labels: bool = False) -> Tree:
    return Tree(guest, lambda path: owners, labels=labels)


def write(guest: FakeGuest, path: str, **more: object) -> None:
    tree(guest).apply([WriteFile(path=path, content=NEW, **more)])  # type: ignore[arg-type]


def changed(before: FakeGuest, after: FakeGuest) -> set[str]:
    paths = before.nodes.keys() | after.nodes.keys()
    return {p for p in paths if before.nodes.get(p) != after.nodes.get(p)}


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("/etc/motd", {"/etc/motd"}),
        ("/bin/tool", {"/usr/bin/tool"}),
        ("/srv/a/b", {"/srv", "/srv/a", "/srv/a/b"}),
        ("/bin/a/b", {"/usr/bin/a", "/usr/bin/a/b"}),
        ("/loop/etc/x", {"/etc/x"}),
        ("/up/etc/x", {"/etc/x"}),
        ("/final", {"/final"}),
    ],
)
def test_links_of_folders_are_followed_inside_the_guest(
    asked: str, written: set[str]
) -> None:
    guest = debian()
    guest.link("/loop", "/")
    guest.link("/up", "../../../..")
    guest.link("/final", "/etc/shadow")
    before = copy.deepcopy(guest)
    write(guest, asked)
    assert changed(before, guest) == written


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("/proc/1/root/etc/x", "covers"),
        ("/toproc/1/x", "covers"),
        ("/var/run/x", "covers"),
        ("/round/x", "go round"),
        ("/lost/x", "/nowhere, which is missing"),
        ("/etc/shadow/x", "which is a file"),
        ("/fifo/x", "which is a fifo"),
        ("/blk/x", "which is a block device"),
        ("/etc", "/etc is a folder"),
        ("/fifo", "/fifo is a fifo"),
        ("/blk", "/blk is a block device"),
        ("/chr", "/chr is a character device"),
        ("/sock", "/sock is a socket"),
    ],
)
def test_traps_are_refused_and_change_nothing(asked: str, words: str) -> None:
    guest = debian()
    guest.link("/toproc", "/proc")
    guest.link("/round", "/round")
    guest.link("/lost", "/nowhere")
    guest.special("/fifo", stat.S_IFIFO)
    guest.special("/blk", stat.S_IFBLK)
    guest.special("/chr", stat.S_IFCHR)
    guest.special("/sock", stat.S_IFSOCK)
    before = copy.deepcopy(guest)
    with pytest.raises(Refused) as caught:
        write(guest, asked)
    assert words in caught.value.why
    assert changed(before, guest) == set()


@pytest.mark.parametrize("target", ["/etc", "../etc", "/nowhere", "/root/.ssh", "."])
def test_a_link_in_place_of_the_folder_of_keys_is_refused(target: str) -> None:
    guest = debian()
    guest.link("/root/.ssh", target)
    before = copy.deepcopy(guest)
    with pytest.raises(Refused, match="is a link"):
        tree(guest).apply([MakeFolder(path="/root/.ssh", mode=0o700)])
    assert changed(before, guest) == set()


def test_a_link_is_kept_where_its_target_was_read() -> None:
    guest = debian()
    guest.link("/etc/passwd", "/etc/shadow")
    with pytest.raises(Refused, match="is a link"):
        write(guest, "/etc/passwd", keep_link=True)


@pytest.mark.parametrize(
    ("more", "mode", "owner"),
    [
        ({}, 0o600, (3, 4)),
        ({"mode": 0o755}, 0o755, (3, 4)),
        ({"owned": True}, 0o600, (0, 0)),
        ({"owned": True, "mode": 0o400}, 0o400, (0, 0)),
    ],
)
def test_an_old_file_keeps_what_is_not_asked_for(
    more: dict[str, object], mode: int, owner: tuple[int, int]
) -> None:
    guest = debian()
    guest.file("/etc/old", b"old", mode=0o600, uid=3, gid=4)
    write(guest, "/etc/old", **more)
    node = guest.nodes["/etc/old"]
    assert (node.content, node.mode, (node.uid, node.gid)) == (NEW, mode, owner)


def test_another_name_of_the_same_file_keeps_its_content() -> None:
    guest = debian()
    guest.nodes["/etc/hard"] = guest.nodes["/etc/shadow"]
    old = guest.nodes["/etc/shadow"].content
    write(guest, "/etc/hard")
    assert guest.nodes["/etc/shadow"].content == old


def test_setuid_does_not_survive_new_content() -> None:
    guest = debian()
    guest.file("/usr/bin/su", b"old", mode=0o4755)
    write(guest, "/bin/su")
    assert guest.nodes["/usr/bin/su"].mode == 0o755


def test_large_files_go_in_parts() -> None:
    guest = debian()
    content = bytes(range(256)) * 20000
    tree(guest).apply([WriteFile(path="/big", content=content)])
    assert guest.nodes["/big"].content == content


@pytest.mark.parametrize(
    ("room", "path"), [(2, "/etc/motd"), (0, "/srv/new/x"), (0, "/root/.ssh")]
)
def test_a_full_file_system_is_a_sentence(room: int, path: str) -> None:
    guest = debian()
    guest.room = room
    folder = MakeFolder(path=path, mode=0o700)
    edit = folder if path.endswith("ssh") else WriteFile(path=path, content=NEW)
    with pytest.raises(Refused, match=f"no space left for {path}"):
        tree(guest).apply([edit])


def test_a_file_system_without_owners_is_not_asked_for_them() -> None:
    guest = debian()
    tree(guest, owners=False, labels=True).apply([WriteFile(path="/a/b", content=NEW)])
    assert guest.nodes["/a/b"].label is None


@pytest.mark.parametrize(
    ("path", "parent", "old", "label"),
    [
        ("/etc/shadow", "p", None, "system_u:object_r:shadow_t:s0"),
        ("/etc/shadow", "p", "o", "o"),
        ("/etc/motd", "p", None, "p"),
        ("/root/.ssh/authorized_keys", "p", None, "system_u:object_r:ssh_home_t:s0"),
    ],
)
def test_labels(path: str, parent: str, old: str | None, label: str) -> None:
    guest = debian()
    guest.file(path)
    guest.nodes[path.rpartition("/")[0]].label = parent
    guest.nodes[path].label = old
    tree(guest, labels=True).apply([WriteFile(path=path, content=NEW)])
    assert guest.nodes[path].label == label
    assert "/.autorelabel" not in guest.nodes


def test_a_home_of_roots_elsewhere_is_labelled_as_root_s() -> None:
    guest = debian()
    del guest.nodes["/root"]
    guest.link("/root", "var/roothome")
    guest.folder("/var/roothome").label = "system_u:object_r:admin_home_t:s0"
    keys = MakeFolder(path="/root/.ssh", mode=0o700)
    tree(guest, labels=True).apply([keys, WriteFile(path="/root/.ssh/k", content=NEW)])
    for path in ("/var/roothome/.ssh", "/var/roothome/.ssh/k"):
        assert guest.nodes[path].label == "system_u:object_r:ssh_home_t:s0"


def test_an_unknown_label_has_the_guest_label_all() -> None:
    guest = debian()
    tree(guest, labels=True).apply([WriteFile(path="/srv/x", content=NEW)])
    assert "/.autorelabel" in guest.nodes


@pytest.mark.parametrize(
    ("kind", "told"), [(stat.S_IFIFO, "a fifo"), (stat.S_IFBLK, "a block device")]
)
def test_what_is_no_file_is_not_read(kind: int, told: str) -> None:
    guest = debian()
    guest.special("/etc/shadow", kind)
    facts = gather_facts(guest)
    assert facts.odd["/etc/shadow"] == told
    assert "/etc/shadow" not in facts.contents


def test_facts_of_a_guest() -> None:
    guest = debian()
    guest.file("/etc/login.defs", b"x" * (1024**2 + 1))
    guest.link("/etc/selinux", "/proc")
    facts = gather_facts(guest)
    assert facts.has("/usr/sbin/ifup")
    assert not facts.has("/usr/sbin/netplan")
    assert facts.contents["/etc/hosts"] == guest.nodes["/etc/hosts"].content
    assert facts.odd["/etc/login.defs"] == "a file of 1048577 bytes"
    assert "out of reach" in facts.odd["/etc/selinux/config"]


NAMES = st.sampled_from(["etc", "root", "a", "b", "..", "proc", "usr"])
TARGETS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
LINKS = st.dictionaries(
    st.sampled_from(["/etc/a", "/root/.ssh", "/a", "/b", "/usr/a", "/etc/b"]),
    st.tuples(st.booleans(), TARGETS).map(lambda t: ("/" if t[0] else "") + t[1]),
    max_size=5,
)


@given(LINKS, st.lists(st.sampled_from(["etc", "a", "b", "usr"]), min_size=1))
def test_whatever_links_there_are_one_file_is_written_or_nothing(
    links: dict[str, str], parts: list[str]
) -> None:
    guest = debian()
    for path, target in links.items():
        guest.link(path, target)
    before = copy.deepcopy(guest)
    try:
        write(guest, "/" + "/".join(parts))
    except Refused:
        assert changed(before, guest) == set()
        return
    done = changed(before, guest)
    files = [path for path in done if guest.nodes[path].format == stat.S_IFREG]
    assert [guest.nodes[path].content for path in files] == [NEW]
    assert not any(path.startswith(("/proc", "/run", "/dev", "/sys")) for path in done)
    folders = done - set(files)
    assert not any(path in before.nodes for path in folders)
