# SPDX-License-Identifier: Apache-2.0
"""A guest's tree in memory that follows links, as libguestfs's own calls do."""

from __future__ import annotations

import dataclasses
import posixpath
import stat


@dataclasses.dataclass
class Fake:
    """A node: ``content`` is a file's, ``target`` a link's."""

    format: int = stat.S_IFREG
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    content: bytes = b""
    target: str = ""
    label: str | None = None


class FakeGuest:
    """Answers the calls of a handle; ``full`` is how many bytes there is room for."""

    def __init__(self) -> None:
        self.nodes: dict[str, Fake] = {"/": Fake(format=stat.S_IFDIR, mode=0o755)}
        self.room = 10**9

    def folder(self, path: str, mode: int = 0o755) -> Fake:
        return self._put(path, Fake(format=stat.S_IFDIR, mode=mode))

    def file(
        self,
        path: str,
        content: bytes = b"",
        mode: int = 0o644,
        uid: int = 0,
        gid: int = 0,
    ) -> Fake:
        return self._put(path, Fake(content=content, mode=mode, uid=uid, gid=gid))

    def link(self, path: str, target: str) -> Fake:
        return self._put(path, Fake(format=stat.S_IFLNK, target=target))

    def special(self, path: str, kind: int) -> Fake:
        return self._put(path, Fake(format=kind))

    def _put(self, path: str, node: Fake) -> Fake:
        parent = posixpath.dirname(path)
        if parent not in self.nodes:
            self.folder(parent)
        self.nodes[path] = node
        return node

    def lstatnslist(self, path: str, names: list[str]) -> list[dict[str, int]]:
        folder = self._follow(path)
        return [self._status(posixpath.join(folder, name)) for name in names]

    def _status(self, path: str) -> dict[str, int]:
        node = self.nodes.get(path)
        if node is None:
            return {"st_ino": -1}
        size = len(node.content)
        mode = node.format | node.mode
        owner = {"st_uid": node.uid, "st_gid": node.gid}
        return {"st_ino": 7, "st_mode": mode, "st_size": size, **owner}

    def readlink(self, path: str) -> str:
        return self.nodes[path].target

    def pread(self, path: str, count: int, offset: int) -> bytes:
        assert count > 0  # which libguestfs refuses
        return self._node(path).content[offset : offset + count]

    def write(self, path: str, content: bytes) -> None:
        self._fill(path, content)

    def write_append(self, path: str, content: bytes) -> None:
        self._fill(path, self._node(path).content + content)

    def _fill(self, path: str, content: bytes) -> None:
        if len(content) > self.room:
            raise RuntimeError(f"write: {path}: No space left on device")
        real = self._follow(path)
        self.nodes.setdefault(real, Fake()).content = content

    def mkdir_mode(self, path: str, mode: int) -> None:
        real = self._follow(path)
        if real in self.nodes:
            raise RuntimeError(f"mkdir_mode: {path}: File exists")
        if not self.room:
            raise RuntimeError(f"mkdir_mode: {path}: No space left on device")
        self.folder(real, mode=mode)

    def chmod(self, mode: int, path: str) -> None:
        self._node(path).mode = mode

    def lchown(self, owner: int, group: int, path: str) -> None:
        node = self.nodes[self._parents(path)]
        node.uid, node.gid = owner, group

    def rename(self, oldpath: str, newpath: str) -> None:
        self.nodes[self._parents(newpath)] = self.nodes.pop(self._parents(oldpath))

    def rm_f(self, path: str) -> None:
        self.nodes.pop(self._parents(path), None)

    def lgetxattr(self, path: str, name: str) -> bytes:
        label = self.nodes[self._parents(path)].label
        if label is None:
            raise RuntimeError("lgetxattr: No data available")
        return label.encode() + b"\0"

    def lsetxattr(self, xattr: str, val: str, vallen: int, path: str) -> None:
        assert vallen == len(val)
        self.nodes[self._parents(path)].label = val

    def _node(self, path: str) -> Fake:
        return self.nodes[self._follow(path)]

    def _parents(self, path: str) -> str:
        folder, name = posixpath.split(path)
        return posixpath.join(self._follow(folder), name)

    def _follow(self, path: str) -> str:
        """Where the guest's kernel would end, links of every part followed."""
        current, pending, hops = "/", path.split("/"), 0
        while pending:
            part = pending.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                current = posixpath.dirname(current)
                continue
            here = posixpath.join(current, part)
            node = self.nodes.get(here)
            if node is not None and node.format == stat.S_IFLNK and hops < 40:
                hops += 1
                pending = [*node.target.split("/"), *pending]
                current = "/" if node.target.startswith("/") else current
                continue
            current = here
        return current


def debian() -> FakeGuest:
    """A guest like Debian's."""
    guest = FakeGuest()
    for name in ("/proc", "/sys", "/dev", "/run", "/root", "/usr/bin", "/var"):
        guest.folder(name)
    guest.link("/bin", "usr/bin")
    guest.link("/var/run", "/run")
    shadow = b"root:!$y$old:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n"
    guest.file("/etc/shadow", shadow, mode=0o640, gid=42)
    guest.file("/etc/hosts", b"127.0.0.1 localhost\n127.0.1.1 old\n")
    guest.file("/usr/sbin/ifup")
    guest.folder("/etc/udev/rules.d")
    return guest
