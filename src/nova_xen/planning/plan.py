# SPDX-License-Identifier: Apache-2.0
"""From a request and a host to a plan: every decision, in order, without I/O."""

import dataclasses

from nova_xen.domain import Clock, Devices, Domain, Features, Memballoon
from nova_xen.model import (
    GuestMode,
    HostFacts,
    InjectionPlan,
    Instance,
    Plan,
    PlanOptions,
    Reason,
)
from nova_xen.planning.boot import Boot, decide_boot
from nova_xen.planning.console import decide_consoles
from nova_xen.planning.context import Asked, Context
from nova_xen.planning.cpu import Cpu, decide_cpu
from nova_xen.planning.disks import Disks, decide_disks
from nova_xen.planning.display import decide_display
from nova_xen.planning.firmware import check_firmware
from nova_xen.planning.impossible import refuse_impossible
from nova_xen.planning.memory import decide_memory
from nova_xen.planning.metadata import nova_metadata
from nova_xen.planning.mode import decide_mode
from nova_xen.planning.names import check_name, check_uuid
from nova_xen.planning.network import decide_interfaces
from nova_xen.planning.platform import decide_clock, decide_features
from nova_xen.planning.setup import (
    check_setup,
    decide_config_drive,
    decide_injection,
)
from nova_xen.planning.sizes import check_flavor, check_memory_minimum
from nova_xen.planning.texts import check_texts

#: what becomes of the guest when it ends by itself (libvirt's words)
LIFECYCLE = {
    "on_poweroff": "destroy",
    "on_reboot": "restart",
    "on_crash": "destroy",
}


def make_plan(
    instance: Instance, host: HostFacts, options: PlanOptions, version: str
) -> Plan:
    """Decide everything about a server, or refuse it with a sentence.

    :param version: of this package, recorded in the metadata
    :raises InvalidRequest: what is asked for cannot be
    :raises HostCannot: this host lacks something for it
    """
    mode, mode_reasons = _accept(Asked(instance, host, options))
    context = Context(instance, host, options, mode)
    parts = _decide(context)
    return Plan(
        instance=instance,
        mode=mode,
        domain=_domain(context, parts, version),
        folder=context.folder,
        disks=parts.disks.files,
        files=parts.boot.files,
        cap=parts.cpu.cap,
        reasons=(*mode_reasons, *parts.reasons),
        config_drive=parts.disks.config_drive,
        injection=parts.injection,
    )


def _accept(asked: Asked) -> tuple[GuestMode, tuple[Reason, ...]]:
    """What can be said before anything of the guest is decided, and its mode."""
    instance = asked.instance
    check_name(instance.name)
    check_uuid(instance.name, instance.uuid)
    check_texts(instance)
    check_setup(instance)
    check_flavor(instance)
    refuse_impossible(asked)
    mode, reasons = decide_mode(asked)
    check_firmware(asked, mode)
    check_memory_minimum(asked)
    return mode, reasons


@dataclasses.dataclass(frozen=True)
class _Parts:
    """All decisions, before they are put together."""

    boot: Boot
    memory: int
    cpu: Cpu
    disks: Disks
    devices: Devices
    features: Features | None
    clock: Clock
    injection: InjectionPlan | None
    reasons: tuple[Reason, ...]


def _decide(context: Context) -> _Parts:
    boot = decide_boot(context)
    cpu = decide_cpu(context)
    memory, memory_reasons = decide_memory(context)
    drive = decide_config_drive(context)
    disks = decide_disks(context, drive.format if drive else None)
    injection, injection_reasons = decide_injection(context, drive, disks.files)
    devices, device_reasons = _devices(context, disks)
    features, feature_reasons = decide_features(context)
    clock, clock_reasons = decide_clock(context)
    reasons = (
        *boot.reasons,
        *memory_reasons,
        *cpu.reasons,
        *feature_reasons,
        *clock_reasons,
        *(drive.reasons if drive else ()),
        *injection_reasons,
        *disks.reasons,
        *device_reasons,
    )
    return _Parts(
        boot, memory, cpu, disks, devices, features, clock, injection, reasons
    )


def _domain(context: Context, parts: _Parts, version: str) -> Domain:
    instance = context.instance
    return Domain(
        name=instance.name,
        uuid=instance.uuid,
        instance=nova_metadata(instance, version),
        memory=parts.memory,
        current_memory=parts.memory,
        vcpus=parts.cpu.vcpus,
        vcpupins=parts.cpu.pins,
        shares=parts.cpu.shares,
        bootloader=parts.boot.bootloader,
        os=parts.boot.os,
        features=parts.features,
        clock=parts.clock,
        devices=parts.devices,
        **LIFECYCLE,
    )


def _devices(context: Context, disks: Disks) -> tuple[Devices, tuple[Reason, ...]]:
    interfaces, interface_reasons = decide_interfaces(context)
    consoles = decide_consoles(context)
    display = decide_display(context)
    devices = Devices(
        disks=disks.devices,
        interfaces=interfaces,
        serials=consoles.serials,
        consoles=consoles.consoles,
        inputs=display.inputs,
        graphics=display.graphics,
        videos=display.videos,
        memballoon=Memballoon(model="xen"),
    )
    return devices, (*interface_reasons, *consoles.reasons, *display.reasons)
