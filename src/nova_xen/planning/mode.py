# SPDX-License-Identifier: Apache-2.0
"""Which kind of guest: PV, HVM or PVH."""

from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.model import GuestMode, Reason
from nova_xen.planning.context import Asked, reason

VM_MODES = {
    "xen": GuestMode.PV,
    "pv": GuestMode.PV,
    "hvm": GuestMode.HVM,
    "hv": GuestMode.HVM,
}
MACHINES = {
    "xenpv": GuestMode.PV,
    "xenfv": GuestMode.HVM,
    "xenpvh": GuestMode.PVH,
}
ARCHITECTURES = ("x86_64", "amd64")


def decide_mode(asked: Asked) -> tuple[GuestMode, tuple[Reason, ...]]:
    """The guest mode that the image asks for and the host offers.

    :raises InvalidProperty: a word that names no mode of Xen
    :raises InvalidRequest: properties that contradict each other
    :raises ModeNotOffered: the host's capabilities do not have it
    """
    _check_platform(asked)
    mode, why = _wanted(asked)
    if mode not in asked.host.modes:
        raise exceptions.ModeNotOffered(
            server=asked.instance.name,
            mode=mode.value,
            offered=", ".join(sorted(asked.host.modes)) or "none",
            advice=_advice(mode),
        )
    return mode, (reason("os/type", mode.value, why), *_doubts(asked, mode))


def _doubts(asked: Asked, mode: GuestMode) -> Iterator[Reason]:
    """What will most likely not boot, although it can be asked for."""
    if mode is GuestMode.HVM:
        return
    if asked.is_windows:
        why = (
            f"Windows does not run as a {mode} guest; if this is Windows, set vm_mode="
            "hvm on the image"
        )
        yield reason("os/type", mode.value, why, warning=True)
    if asked.instance.image.iso and asked.instance.kernel is None:
        why = (
            f"the image is an ISO, and a {mode} guest boots from it only if it holds a "
            "GRUB configuration and a kernel for Xen; otherwise set vm_mode=hvm"
        )
        yield reason("os/type", mode.value, why, warning=True)


def _check_platform(asked: Asked) -> None:
    for name in ("hypervisor_type", "img_hv_type"):
        asked.choice(name, ("xen", "xapi"))
    for name in ("architecture", "hw_architecture"):
        asked.choice(name, ARCHITECTURES)


def _wanted(asked: Asked) -> tuple[GuestMode, str]:
    named = {
        name: VM_MODES[word]
        for name in ("vm_mode", "hw_vm_mode")
        if (word := asked.choice(name, VM_MODES))
    }
    if len(set(named.values())) > 1:
        raise exceptions.InvalidRequest(
            server=asked.instance.name,
            why="its image properties vm_mode and hw_vm_mode contradict each other, "
            "remove one of them",
        )
    machine = asked.choice("hw_machine_type", MACHINES)
    if machine:
        return _by_machine(asked, machine, named)
    for name, mode in named.items():
        return mode, f"image property {name}={asked.image_property(name)}"
    return GuestMode.PV, "no image property names a mode, and PV is Xen's default"


def _by_machine(
    asked: Asked, machine: str, named: dict[str, GuestMode]
) -> tuple[GuestMode, str]:
    """Nova's vm_mode has no word for PVH, so xenpvh stands beside either mode."""
    mode = MACHINES[machine]
    for name, other in named.items():
        if mode is not GuestMode.PVH and other is not mode:
            raise exceptions.InvalidRequest(
                server=asked.instance.name,
                why=f"its image properties {name}={asked.image_property(name)} and "
                f"hw_machine_type={machine} contradict each other, remove one of them",
            )
    return mode, f"image property hw_machine_type={machine}"


def _advice(mode: GuestMode) -> str:
    if mode is GuestMode.PV:
        return "this Xen was built without PV guests, use an image with vm_mode=hvm"
    return (
        "HVM and PVH need a CPU with VT-x or AMD-V, switched on in the firmware; "
        "otherwise use an image with vm_mode=xen"
    )
