# SPDX-License-Identifier: Apache-2.0
"""The guest's disk: MBR, GRUB and an ext4 partition, made without loop mounts.

Boots by SeaBIOS (HVM), by OVMF (HVM), and by GRUB for Xen (PV and PVH), which
reads /boot/grub/grub.cfg itself.
"""

import lzma
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab import mbr
from lab.guest_initrd import ROOT_LABEL
from lab.mbr import EFI_SYSTEM, LINUX, Partition
from lab.run import remove_tree, run
from lab.settings import GUEST_FILES

_SECTOR = 512
_ROOT_START = 2048  # sectors
_GRUB = Path("/usr/lib/grub")
# mitigations and the clock's checks cost seconds in emulation
_LINUX = "console=hvc0 quiet mitigations=off tsc=reliable"

# pvgrub unpacks xz files by itself but not the lz4 inside Debian's kernel; pygrub
# takes the last kernel it reads, whatever the condition
_GRUB_CFG = """set default=0
set timeout=0
menuentry 'Debian' {{
  if [ "$grub_platform" = xen ]; then
    linux /boot/vmlinux.xz {linux}
  else
    linux /boot/vmlinuz {linux}
  fi
  initrd /boot/initrd.img
}}
"""
_EARLY_CFG = """search --no-floppy --label --set=root {label}
set prefix=($root)/boot/grub
"""
_MODULES = "part_msdos ext2 normal configfile linux search search_label test"
_ESP_MIB = 4
_FORMATS = {
    "qcow2": ["-O", "qcow2"],
    "vhd": ["-O", "vpc", "-o", "subformat=dynamic,force_size=on"],
}


@dataclass(frozen=True)
class Layout:
    """A disk: name of its file, label and size of its Linux partition, UEFI's own."""

    name: str
    label: str
    mib: int
    uefi: bool = False

    @property
    def linux(self) -> Partition:
        return Partition(_ROOT_START, self.mib * 2048, LINUX, bootable=True)

    @property
    def esp(self) -> Partition:
        """The EFI system partition, behind the other, where ``uefi`` says so."""
        start = self.linux.start + self.linux.sectors
        return Partition(start, _ESP_MIB * 2048, EFI_SYSTEM)

    @property
    def partitions(self) -> list[Partition]:
        return [self.linux, self.esp] if self.uefi else [self.linux]


_SYSTEM = Layout("guest", ROOT_LABEL, 250, uefi=True)
# HVM guests without a disk of their own start from this one, read-only: the
# device model hands over a kernel named in the document byte by byte
_BOOT = Layout("hvm-boot", "nova-xen-boot", 20)


def build(folder: Path, system: Path, bzimage: Path, elf: Path, initrd: Path) -> None:
    """Write guest.raw, guest.qcow2, guest.vhd and hvm-boot.raw into ``folder``."""
    root = folder / "root"
    run(["cp", "-a", "--reflink=auto", system, root])
    options = ["-R", "--preserve=mode", "--remove-destination"]
    run(["cp", *options, f"{GUEST_FILES}/.", str(root)])
    _kernels(root / "boot", bzimage, initrd, f"root=LABEL={ROOT_LABEL} {_LINUX}")
    # GRUB knows the CRC32 check of xz, not the default CRC64
    packed = lzma.compress(elf.read_bytes(), check=lzma.CHECK_CRC32, preset=6)
    (root / "boot/vmlinux.xz").write_bytes(packed)
    raw = _disk(folder, root, _SYSTEM)
    for kind, options in _FORMATS.items():
        target = folder / f"guest.{kind}"
        run(["qemu-img", "convert", "-f", "raw", *options, str(raw), str(target)])
    _boot_disk(folder, bzimage, initrd)


def _boot_disk(folder: Path, bzimage: Path, initrd: Path) -> None:
    root = folder / "root"
    (root / "boot").mkdir(parents=True)
    _kernels(root / "boot", bzimage, initrd, _LINUX)
    _disk(folder, root, _BOOT)


def _kernels(boot: Path, bzimage: Path, initrd: Path, linux: str) -> None:
    shutil.copyfile(bzimage, boot / "vmlinuz")
    shutil.copyfile(initrd, boot / "initrd.img")
    (boot / "grub").mkdir()
    (boot / "grub/grub.cfg").write_text(_GRUB_CFG.format(linux=linux))


def _disk(folder: Path, root: Path, layout: Layout) -> Path:
    """The disk with ``root`` in it, which is removed."""
    raw, part = folder / f"{layout.name}.raw", folder / "part.ext4"
    run(["truncate", "-s", f"{layout.mib}M", part])
    options = ["-t", "ext4", "-L", layout.label, "-O", "^metadata_csum_seed"]
    run(["mke2fs", "-q", "-F", *options, "-E", "root_owner=0:0", "-d", root, part])
    end = layout.partitions[-1].start + layout.partitions[-1].sectors
    run(["truncate", "-s", f"{end * _SECTOR + 1024**2}", raw])
    _write(part, raw, layout.linux.start)
    early = folder / "early.cfg"
    early.write_text(_EARLY_CFG.format(label=layout.label))
    _bios_grub(early, raw, layout)
    if layout.uefi:
        _uefi_grub(early, raw, layout)
    for made in (part, early):
        made.unlink()
    remove_tree(root)
    return raw


def _write(source: Path, disk: Path, sector: int) -> None:
    how = ["bs=512", "conv=notrunc,sparse", "status=none"]
    run(["dd", f"if={source}", f"of={disk}", f"seek={sector}", *how])


def _grub_image(kind: str, early: Path, target: Path, *modules: str) -> None:
    options = ["-O", kind, "-d", str(_GRUB / kind), "-p", "/boot/grub"]
    files = ["-c", str(early), "-o", str(target)]
    run(["grub-mkimage", *options, *files, *modules, *_MODULES.split()])


def _bios_grub(early: Path, raw: Path, layout: Layout) -> None:
    core = early.with_name("core.img")
    _grub_image("i386-pc", early, core, "biosdisk")
    with raw.open("r+b") as disk:
        # the first 440 bytes: what follows them is the partition table
        disk.write((_GRUB / "i386-pc/boot.img").read_bytes()[:440])
        disk.seek(mbr.OFFSET)
        disk.write(mbr.table(layout.partitions))
        disk.seek(_SECTOR)
        disk.write(core.read_bytes())
    core.unlink()


def _uefi_grub(early: Path, raw: Path, layout: Layout) -> None:
    """GRUB where firmware looks for it on a disk that it does not know."""
    program, esp = early.with_name("BOOTX64.EFI"), early.with_name("esp.fat")
    _grub_image("x86_64-efi", early, program)
    run(["truncate", "-s", f"{_ESP_MIB}M", esp])
    run(["mkfs.vfat", "-n", "ESP", esp])
    run(["mmd", "-i", esp, "::/EFI", "::/EFI/BOOT"])
    run(["mcopy", "-i", esp, program, "::/EFI/BOOT/"])
    _write(esp, raw, layout.esp.start)
    for made in (program, esp):
        made.unlink()
