# SPDX-License-Identifier: Apache-2.0
"""The disk, hypervisor, kernel and initial RAM disk a Xen host boots from.

Made from the unpacked tree without changing it: the tree stays usable when only
the lab's own files have changed.
"""

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab import cache, cpu_map, dom0_initrd, dom0_packages, dom0_python, kernel, tree
from lab.errors import LabError
from lab.run import remove_tree, run
from lab.settings import DOM0_FILES, Suite

_DISK_SIZE = "4G"
_KEY_FILE = "root-key"


@dataclass(frozen=True)
class Image:
    """A built image; the files in it are named by QEMU's command line."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "root.raw"

    @property
    def xen(self) -> Path:
        return self.folder / "xen"

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinux"

    @property
    def initrd(self) -> Path:
        return self.folder / "initrd"


def ssh_key(cache_dir: Path) -> Path:
    """Private key for root in dom0; made once for a cache folder."""
    key = cache_dir / _KEY_FILE
    with cache.locked(cache_dir):
        if not key.exists():
            new = key.with_suffix(".new")
            for old in (new, new.with_suffix(".new.pub")):
                old.unlink(missing_ok=True)
            options = ["-q", "-t", "ed25519", "-N", "", "-C", "nova-xen lab"]
            run(["ssh-keygen", *options, "-f", str(new)])
            new.with_suffix(".new.pub").rename(key.with_suffix(".pub"))
            new.rename(key)
    return key


def built(cache_dir: Path, suite: Suite) -> Image:
    """The image of this suite, from the cache or built now."""
    options = dom0_packages.dpkg_options()
    wanted = tree.spec(suite.name, dom0_packages.packages(suite), options)
    python = dom0_python.wanted(suite)
    key_file = ssh_key(cache_dir)
    public = key_file.with_suffix(".pub").read_bytes()
    inputs = (wanted.key, python.key, public, _recipe(), cache.key_of_files(DOM0_FILES))
    key = f"{suite.name}-{cache.key_of(*inputs)}"

    def make(folder: Path) -> None:
        source = tree.built(cache_dir / "trees", wanted, f"dom0 tree ({suite.name})")
        libraries = dom0_python.built(cache_dir / "python", python, source)
        _make(folder, source, libraries, key_file)

    what = f"dom0 image ({suite.name})"
    return Image(cache.built(cache_dir / "images", key, what, make))


def _recipe() -> bytes:
    modules = ("dom0_image", "dom0_initrd", "cpu_map", "kernel", "cpio")
    folder = Path(__file__).parent
    return b"".join((folder / f"{name}.py").read_bytes() for name in modules)


def _make(folder: Path, source: Path, libraries: Path, key_file: Path) -> None:
    root = folder / "root"
    run(["cp", "-a", "--reflink=auto", source, root])
    run(["cp", "-a", f"{libraries}/.", root])
    _configure(root, key_file)
    (folder / "xen").write_bytes(gzip.decompress(_xen(root).read_bytes()))
    (folder / "vmlinux").write_bytes(kernel.unpack(kernel.bzimage(root).read_bytes()))
    (folder / "initrd").write_bytes(dom0_initrd.build(root))
    _pack(root, folder / "root.raw")
    remove_tree(root)


def _xen(root: Path) -> Path:
    found = sorted((root / "boot").glob("xen-4.*-amd64.gz"))
    if not found:
        raise LabError("The dom0 tree has no /boot/xen-4.*-amd64.gz: no Xen in it.")
    return found[-1]


def _configure(root: Path, key_file: Path) -> None:
    run(
        ["cp", "-R", "--preserve=mode", "--remove-destination", f"{DOM0_FILES}/.", root]
    )
    cpu_map.relax(root)
    _slow_appliance(root)
    (root / "etc/machine-id").write_text("")
    folder = root / "root/.ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    public = key_file.with_suffix(".pub").read_text()
    (folder / "authorized_keys").write_text(public)
    shutil.copyfile(key_file, folder / "id_ed25519")
    (folder / "id_ed25519").chmod(0o600)
    (folder / "config").write_text(
        "Host xen*\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n"
        " LogLevel ERROR\n"
    )
    for unused in root.glob("boot/initrd.img-*"):
        unused.unlink()


def _slow_appliance(root: Path) -> None:
    """Put the lab's own program before the QEMU that libguestfs alone uses in dom0."""
    program = root / "usr/bin/qemu-system-x86_64"
    if not program.exists():
        return
    program.rename(program.with_name(f"{program.name}.debian"))
    program.symlink_to("/usr/local/sbin/nova-xen-lab-appliance")


def _pack(root: Path, disk: Path) -> None:
    run(["truncate", "-s", _DISK_SIZE, disk])
    options = ["-t", "ext4", "-O", "^metadata_csum,^64bit"]
    options += ["-E", "lazy_itable_init=1,root_owner=0:0", "-L", "dom0"]
    run(["mke2fs", "-q", "-F", *options, "-d", root, disk])
