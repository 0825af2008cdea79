# SPDX-License-Identifier: Apache-2.0
"""The soak's guests: they live in memory, started from files in /srv/guest."""

import enum
from dataclasses import dataclass
from xml.sax.saxutils import escape

MEMORY_MIB = 128
_KERNEL = """
    <kernel>/srv/guest/vmlinux</kernel>
    <initrd>/srv/guest/initrd.img</initrd>
    <cmdline>console=hvc0 quiet mitigations=off tsc=reliable</cmdline>"""
# the SCSI adapter is read by DMA; IDE, and a kernel named in the document, word by
# word through ports, which takes minutes in emulation
_DISK = """<disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='{path}'/>
      <target dev='sda' bus='scsi'/>
    </disk>"""


class Kind(enum.Enum):
    """How a guest is virtualised; the value is libvirt's word for it."""

    PV = "linux"
    PVH = "xenpvh"
    HVM = "hvm"

    @property
    def live(self) -> bool:
        """Debian's Xen has no shadow paging, which a live PV migration needs."""
        return self is not Kind.PV


@dataclass(frozen=True)
class Guest:
    """A guest of the soak; ``number`` makes its name and MAC address unique."""

    kind: Kind
    number: int
    name: str

    def xml(self) -> str:
        """libvirt's domain document."""
        hvm = self.kind is Kind.HVM
        mac = f"00:16:3e:5a:{self.number // 200:02x}:{self.number % 200 + 20:02x}"
        return f"""<domain type='xen'>
  <name>{escape(self.name)}</name>
  <memory unit='MiB'>{MEMORY_MIB}</memory>
  <vcpu>1</vcpu>
  <os><type>{self.kind.value}</type>{"" if hvm else _KERNEL}</os>
  {"<features><acpi/><apic/></features>" if hvm else ""}
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    {_DISK.format(path=self.disk) if hvm else ""}
    <interface type='bridge'>
      <mac address='{mac}'/>
      <source bridge='br0'/>
    </interface>
    <console type='pty'><target type='xen' port='0'/></console>
  </devices>
</domain>
"""

    @property
    def disk(self) -> str:
        """An HVM guest's own copy of /srv/guest/hvm-boot.raw, on both hosts."""
        return f"/var/lib/nova-xen-lab/{self.name}.raw"

    @property
    def log(self) -> str:
        """Where xenconsoled writes what the guest prints, on either host."""
        return f"/var/log/xen/console/guest-{self.name}.log"
