# SPDX-License-Identifier: Apache-2.0
"""Network interfaces: bridge, card, address."""

import re
import uuid

from nova_xen import exceptions
from nova_xen.domain import Interface
from nova_xen.model import BridgeFacts, GuestMode, Nic, NicModel, Reason
from nova_xen.planning.context import Context, reason
from nova_xen.planning.traffic import outbound_average, outbound_reason

MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.ASCII)
TARGET = re.compile(r"(?!vif)[A-Za-z0-9_.-]+", re.ASCII)
#: Linux takes 15 bytes, and Xen's script adds "-emu" for an emulated card's tap
TARGET_LIMIT = 15
EMULATED_TARGET_LIMIT = TARGET_LIMIT - len("-emu")
SCRIPT = re.compile(r"/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", re.ASCII)
MTU_RANGE = range(68, 65536)


def decide_interfaces(
    context: Context,
) -> tuple[tuple[Interface, ...], tuple[Reason, ...]]:
    """One ``<interface>`` for each NIC asked for.

    :raises BridgeNotFound: the host has no such bridge
    :raises InvalidNic: a MAC, model, MTU or script that cannot be
    :raises InvalidExtraSpec: a limit of traffic that cannot be
    """
    made, reasons, macs = [], [], set[str]()
    for index, nic in enumerate(context.instance.nics):
        mac = _mac(context, nic, macs)
        macs.add(mac)
        bridge = _bridge(context, nic)
        model, why = _model(context, nic)
        interface = _interface(context, nic, bridge, mac, model)
        made.append(interface)
        where = f"interface[{index}]"
        reasons.append(reason(f"{where}/model", model, why))
        reasons += _mtu_reasons(context, nic, bridge, where)
        if bridge.openvswitch:
            why = f"{bridge.name} is a bridge of Open vSwitch"
            reasons.append(reason(f"{where}/virtualport", "openvswitch", why))
        if interface.outbound_average is not None:
            reasons.append(outbound_reason(where, interface.outbound_average))
    return tuple(made), tuple(reasons)


def _interface(
    context: Context, nic: Nic, bridge: BridgeFacts, mac: str, model: NicModel
) -> Interface:
    interface_id = _interface_id(context, nic)
    return Interface(
        mac=mac,
        bridge=bridge.name,
        virtualport_type="openvswitch" if bridge.openvswitch else None,
        interface_id=interface_id if bridge.openvswitch else None,
        script=_script(context, nic),
        target_dev=_target(context, nic, model),
        model=model.value,
        mtu=nic.mtu,
        outbound_average=outbound_average(context, model),
    )


def _wrong(context: Context, nic: Nic, why: str) -> exceptions.InvalidNic:
    return exceptions.InvalidNic(
        server=context.instance.name, nic=f"{nic.mac} on {nic.bridge}", why=why
    )


def _mac(context: Context, nic: Nic, taken: set[str]) -> str:
    mac = nic.mac.lower()
    if not MAC.fullmatch(mac):
        raise _wrong(context, nic, "a MAC address has the form 00:16:3e:12:34:56")
    if int(mac[:2], 16) & 1:
        raise _wrong(context, nic, "its MAC address is a multicast one")
    if mac in taken:
        raise _wrong(context, nic, "another interface has the same MAC address")
    return mac


def _bridge(context: Context, nic: Nic) -> BridgeFacts:
    found = context.host.bridges.get(nic.bridge)
    if found is None:
        raise exceptions.BridgeNotFound(
            server=context.instance.name,
            bridge=nic.bridge,
            bridges=", ".join(sorted(context.host.bridges)) or "none",
        )
    return found


def _model(context: Context, nic: Nic) -> tuple[NicModel, str]:
    models = tuple(NicModel)
    if nic.model is not None:
        if nic.model.lower() not in models:
            why = f"model {nic.model} is not known, use one of: {', '.join(models)}"
            raise _wrong(context, nic, why)
        model, why = NicModel(nic.model.lower()), "asked for with the interface"
    elif given := context.choice("hw_vif_model", models):
        model, why = NicModel(given), f"image property hw_vif_model={given}"
    elif context.mode is GuestMode.HVM:
        return NicModel.E1000, (
            "firmware and guests without Xen's drivers need an emulated card; guests "
            "that have them use the paravirtual one libxl puts beside it"
        )
    else:
        return NicModel.NETFRONT, f"a {context.mode} guest has Xen's own card only"
    if context.mode is not GuestMode.HVM and model is not NicModel.NETFRONT:
        raise _wrong(
            context,
            nic,
            f"a {context.mode} guest has no emulated cards, so {model} cannot be; "
            "use netfront",
        )
    return model, why


def _script(context: Context, nic: Nic) -> str | None:
    script = nic.script or context.options.vif_script
    if script is None:
        return None
    if not SCRIPT.fullmatch(script) or ".." in script.split("/"):
        raise _wrong(context, nic, f"{script!r} is no name of a hotplug script")
    return script


def _target(context: Context, nic: Nic, model: NicModel) -> str | None:
    name = nic.target_dev
    if name is None:
        return None
    emulated = model is not NicModel.NETFRONT
    limit = EMULATED_TARGET_LIMIT if emulated else TARGET_LIMIT
    if not TARGET.fullmatch(name):
        raise _wrong(context, nic, f"the host cannot name its side {name!r}")
    if len(name) > limit:
        why = (
            f"the host's name for its side, {name}, is longer than the {limit} "
            f"characters a {model} card can have"
        )
        raise _wrong(context, nic, f"{why}; use model netfront" if emulated else why)
    return name


def _interface_id(context: Context, nic: Nic) -> str | None:
    if nic.interface_id is None:
        return None
    try:
        return str(uuid.UUID(nic.interface_id))
    except ValueError:
        why = f"its interface id {nic.interface_id!r} is no UUID"
        raise _wrong(context, nic, why) from None


def _mtu_reasons(
    context: Context, nic: Nic, bridge: BridgeFacts, where: str
) -> list[Reason]:
    """libxl takes no MTU from libvirt: Xen's vif scripts give the bridge's."""
    if nic.mtu is None:
        return []
    if nic.mtu not in MTU_RANGE:
        raise _wrong(context, nic, f"an MTU of {nic.mtu} is not possible")
    if nic.mtu > bridge.mtu:
        why = (
            f"an MTU of {nic.mtu} does not pass the bridge, whose MTU is {bridge.mtu}; "
            f"raise the bridge's"
        )
        raise _wrong(context, nic, why)
    why = "asked for with the interface"
    if nic.mtu < bridge.mtu:
        why = (
            f"an MTU of {nic.mtu} is recorded for {nic.mac}, but Xen gives the host's "
            f"side the bridge's, {bridge.mtu}: set it inside the guest too"
        )
    return [reason(f"{where}/mtu", nic.mtu, why, warning=nic.mtu < bridge.mtu)]
