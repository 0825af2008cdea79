# SPDX-License-Identifier: Apache-2.0
"""Small guests for tests over the rig."""

from __future__ import annotations


def guest(
    name: str,
    kernel: str,
    *,
    kind: str = "xenpvh",
    memory_mib: int = 128,
    extra: str = "",
    devices: str = "",
) -> str:
    """Return a definition of a guest."""
    return f"""\
<domain type="xen">
  <name>{name}</name>
  <memory unit="MiB">{memory_mib}</memory>
  <vcpu>1</vcpu>
  <os><type>{kind}</type><kernel>{kernel}</kernel></os>
  {extra}
  <devices>{devices}</devices>
</domain>
"""
