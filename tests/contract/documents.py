# SPDX-License-Identifier: Apache-2.0
"""Small guests for the contract, as text: a tier differs in its files alone."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract.tiers.base import Tier

NAME = "contract-1"
UUID = str(uuid.uuid5(uuid.NAMESPACE_DNS, NAME))
# The last word lets a test make the kernel panic over its control device.
COMMAND_LINE = "console=hvc0 quiet mitigations=off tsc=reliable sysrq_always_enabled=1"
MAC = "00:16:3e:00:0c:01"
_OS = {
    "pv": '<type machine="xenpv">linux</type>',
    "pvh": '<type machine="xenpvh">xenpvh</type>',
    "hvm": '<type machine="xenfv">hvm</type>',
}


def guest(
    xen: Tier,
    *,
    name: str = NAME,
    identity: str | None = UUID,
    kind: str = "pv",
    memory_mib: int = 128,
    vcpus: str = "<vcpu current='1'>2</vcpu>",
    devices: str = "",
    extra: str = "",
    kernel: str | None = None,
) -> str:
    """Return a guest's definition."""
    boot = kernel or (xen.hvm_kernel if kind == "hvm" else xen.kernel)
    uuid_element = f"<uuid>{identity}</uuid>" if identity else ""
    return f"""\
<domain type="xen">
  <name>{name}</name>{uuid_element}
  <memory unit="MiB">{memory_mib}</memory>
  {vcpus}
  <os>
    {_OS[kind]}
    <kernel>{boot}</kernel>
    <initrd>{xen.initrd}</initrd>
    <cmdline>{COMMAND_LINE}</cmdline>
  </os>
  {extra}
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    {devices}
    <console type="pty"><target type="xen" port="0"/></console>
  </devices>
</domain>
"""


def disk(
    path: str,
    target: str = "xvda",
    *,
    driver: str = "qemu",
    image: str = "raw",
    bus: str = "xen",
    device: str = "disk",
) -> str:
    """Return a disk's definition."""
    return (
        f'<disk type="file" device="{device}">'
        f'<driver name="{driver}" type="{image}"/><source file="{path}"/>'
        f'<target dev="{target}" bus="{bus}"/></disk>'
    )


def nic(bridge: str, mac: str = MAC) -> str:
    """Return a network device's definition."""
    return (
        f'<interface type="bridge"><mac address="{mac}"/>'
        f'<source bridge="{bridge}"/></interface>'
    )
