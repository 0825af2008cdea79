# SPDX-License-Identifier: Apache-2.0
"""The guest's disk: MBR, GRUB and an ext4 partition, made without loop mounts.

Boots by SeaBIOS (HVM), by OVMF (HVM), and by GRUB for Xen (PV and PVH), which
reads /boot/grub/grub.cfg itself.
"""

import lzma
import shutil
from pathlib import Path

from lab import mbr
from lab.guest_initrd import ROOT_LABEL
from lab.mbr import EFI_SYSTEM, LINUX, Partition
from lab.run import remove_tree, run
from lab.settings import GUEST_FILES

_SECTOR = 512
_ROOT_START = 2048  # sectors
_ESP_MIB = 4
_ROOT_MIB = 250
_GRUB = Path("/usr/lib/grub")
# mitigations and the clock's checks cost seconds in emulation
_LINUX = f"root=LABEL={ROOT_LABEL} console=hvc0 quiet mitigations=off tsc=reliable"

# pvgrub unpacks xz files by itself but not the lz4 inside Debian's kernel; pygrub
# takes the last kernel it reads, whatever the condition
_GRUB_CFG = f"""set default=0
set timeout=0
menuentry 'Debian' {{
  if [ "$grub_platform" = xen ]; then
    linux /boot/vmlinux.xz {_LINUX}
  else
    linux /boot/vmlinuz {_LINUX}
  fi
  initrd /boot/initrd.img
}}
"""
_EARLY_CFG = """search --no-floppy --label --set=root {label}
set prefix=($root)/boot/grub
"""
_MODULES = "part_msdos ext2 normal configfile linux search search_label test echo"
_ROOT = Partition(_ROOT_START, _ROOT_MIB * 2048, LINUX, bootable=True)
_ESP = Partition(_ROOT_START + _ROOT.sectors, _ESP_MIB * 2048, EFI_SYSTEM)


def build(folder: Path, system: Path, bzimage: Path, elf: Path, initrd: Path) -> None:
    """Write guest.raw, guest.qcow2 and guest.vhd into ``folder``."""
    root = folder / "root"
    run(["cp", "-a", "--reflink=auto", system, root])
    options = ["-R", "--preserve=mode", "--remove-destination"]
    run(["cp", *options, f"{GUEST_FILES}/.", str(root)])
    _kernels(root / "boot", bzimage, elf, initrd)
    raw = folder / "guest.raw"
    _partitions(folder, root, raw)
    _grub(folder, raw)
    remove_tree(root)
    for kind, options in _FORMATS.items():
        target = folder / f"guest.{kind}"
        run(["qemu-img", "convert", "-f", "raw", *options, str(raw), str(target)])


_FORMATS = {
    "qcow2": ["-O", "qcow2"],
    "vhd": ["-O", "vpc", "-o", "subformat=dynamic,force_size=on"],
}


def _kernels(boot: Path, bzimage: Path, elf: Path, initrd: Path) -> None:
    shutil.copyfile(bzimage, boot / "vmlinuz")
    shutil.copyfile(initrd, boot / "initrd.img")
    # GRUB knows the CRC32 check of xz, not the default CRC64
    packed = lzma.compress(elf.read_bytes(), check=lzma.CHECK_CRC32, preset=6)
    (boot / "vmlinux.xz").write_bytes(packed)
    (boot / "grub").mkdir()
    (boot / "grub/grub.cfg").write_text(_GRUB_CFG)


def _partitions(folder: Path, root: Path, raw: Path) -> None:
    part = folder / "part.ext4"
    run(["truncate", "-s", f"{_ROOT_MIB}M", part])
    options = ["-t", "ext4", "-L", ROOT_LABEL, "-O", "^metadata_csum_seed"]
    run(["mke2fs", "-q", "-F", *options, "-E", "root_owner=0:0", "-d", root, part])
    run(["truncate", "-s", f"{_ROOT_MIB + _ESP_MIB + 1}M", raw])
    _write(part, raw, _ROOT_START)
    part.unlink()


def _write(source: Path, disk: Path, sector: int) -> None:
    how = ["bs=512", "conv=notrunc,sparse", "status=none"]
    run(["dd", f"if={source}", f"of={disk}", f"seek={sector}", *how])


def _grub(folder: Path, raw: Path) -> None:
    early = folder / "early.cfg"
    early.write_text(_EARLY_CFG.format(label=ROOT_LABEL))
    core = folder / "core.img"
    modules = ["biosdisk", *_MODULES.split()]
    options = ["-O", "i386-pc", "-d", str(_GRUB / "i386-pc"), "-p", "/boot/grub"]
    files = ["-c", str(early), "-o", str(core)]
    run(["grub-mkimage", *options, *files, *modules])
    with raw.open("r+b") as disk:
        # the first 440 bytes: what follows them is the partition table
        disk.write((_GRUB / "i386-pc/boot.img").read_bytes()[:440])
        disk.seek(mbr.OFFSET)
        disk.write(mbr.table([_ROOT, _ESP]))
        disk.seek(_SECTOR)
        disk.write(core.read_bytes())
    for made in (early, core):
        made.unlink()
