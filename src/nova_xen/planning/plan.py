# SPDX-License-Identifier: Apache-2.0
"""From a request and a host to a plan: every decision, in order, without I/O."""

from nova_xen.domain import Devices, Domain, Memballoon
from nova_xen.model import HostFacts, Instance, Plan, PlanOptions, Reason
from nova_xen.planning.boot import decide_boot
from nova_xen.planning.console import decide_consoles
from nova_xen.planning.context import Asked, Context
from nova_xen.planning.cpu import decide_cpu
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
    asked = Asked(instance, host, options)
    check_name(instance.name)
    check_uuid(instance.name, instance.uuid)
    check_texts(instance)
    check_flavor(instance)
    refuse_impossible(asked)
    mode, mode_reasons = decide_mode(asked)
    check_firmware(asked, mode)
    check_memory_minimum(asked)
    context = Context(instance, host, options, mode)
    boot = decide_boot(context)
    memory, memory_reasons = decide_memory(context)
    cpu = decide_cpu(context)
    disks = decide_disks(context)
    devices, device_reasons = _devices(context, disks)
    features, feature_reasons = decide_features(context)
    clock, clock_reasons = decide_clock(context)
    domain = Domain(
        name=instance.name,
        uuid=instance.uuid,
        instance=nova_metadata(instance, version),
        memory=memory,
        current_memory=memory,
        vcpus=cpu.vcpus,
        shares=cpu.shares,
        vcpupins=cpu.pins,
        bootloader=boot.bootloader,
        os=boot.os,
        features=features,
        clock=clock,
        devices=devices,
        **LIFECYCLE,
    )
    return Plan(
        instance=instance,
        mode=mode,
        domain=domain,
        folder=context.folder,
        disks=disks.files,
        files=boot.files,
        cap=cpu.cap,
        reasons=(
            *mode_reasons,
            *boot.reasons,
            *memory_reasons,
            *cpu.reasons,
            *feature_reasons,
            *clock_reasons,
            *disks.reasons,
            *device_reasons,
        ),
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
