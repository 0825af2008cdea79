# SPDX-License-Identifier: Apache-2.0
"""A small Debian guest: kernel and initial RAM disk, and a disk in three formats."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lab import cache, guest_disk, guest_initrd, guest_packages, kernel, tree
from lab.run import run
from lab.settings import GUEST_FILES


@dataclass(frozen=True)
class GuestImage:
    """Files of a built guest image."""

    folder: Path

    @property
    def bzimage(self) -> Path:
        """Debian's own kernel file."""
        return self.folder / "vmlinuz"

    @property
    def elf(self) -> Path:
        """The same kernel unpacked, which starts several times faster."""
        return self.folder / "vmlinux"

    @property
    def initrd(self) -> Path:
        return self.folder / "initrd.img"

    @property
    def media(self) -> Path:
        """All the others in an ext4 file system, for a read-only disk of dom0."""
        return self.folder / "media.ext4"

    def disk(self, kind: str) -> Path:
        """The disk as ``raw``, ``qcow2`` or ``vhd``."""
        return self.folder / f"guest.{kind}"


def built(cache_dir: Path, suite: str = "bookworm") -> GuestImage:
    """The guest image of a Debian suite, from the cache or built now."""
    options = guest_packages.dpkg_options()
    boot = tree.spec(suite, list(guest_packages.KERNEL), [], "extract")
    system = tree.spec(suite, list(guest_packages.SYSTEM), options, "essential")
    files = cache.key_of_files(GUEST_FILES)
    key = f"{suite}-{cache.key_of(boot.key, system.key, files, _recipe())}"

    def make(folder: Path) -> None:
        trees = cache_dir / "trees"
        kernels = tree.built(trees, boot, f"guest kernel ({suite})")
        root = tree.built(trees, system, f"guest system ({suite})")
        _make(folder, kernels, root)

    what = f"guest image ({suite})"
    return GuestImage(cache.built(cache_dir / "guests", key, what, make))


def _recipe() -> bytes:
    modules = ("guest_image", "guest_initrd", "guest_disk", "kernel", "cpio")
    folder = Path(__file__).parent
    return b"".join((folder / f"{name}.py").read_bytes() for name in modules)


def _make(folder: Path, kernels: Path, system: Path) -> None:
    image = GuestImage(folder)
    packed = kernel.bzimage(kernels)
    shutil.copyfile(packed, image.bzimage)
    image.elf.write_bytes(kernel.unpack(packed.read_bytes()))
    run(["depmod", "-b", kernels, kernel.version(kernels)])
    image.initrd.write_bytes(guest_initrd.build(kernels, GUEST_FILES))
    guest_disk.build(folder, system, image.bzimage, image.elf, image.initrd)
    media = folder.with_suffix(".media")
    run(["truncate", "-s", "600M", media])
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "guests", "-d", folder, media])
    media.rename(image.media)


def copy_to(image: GuestImage, target: Path) -> None:
    """Copy the files of the image, holes kept."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(set(image.folder.iterdir()) - {image.media}):
        run(["cp", "--sparse=always", path, target / path.name])
