# SPDX-License-Identifier: Apache-2.0
"""The libvirt calls libxl does not have: each answers VIR_ERR_NO_SUPPORT.

Probed on Xen 4.17 with libvirt 9.0.0. The name beside a method is the C function
libvirt names in its answer: the binding asks virNodeGetCPUMap first in several.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from nova_xen.testing import errors
from nova_xen.testing.calls import api
from nova_xen.testing.errors import Origin

Class = TypeVar("Class", bound=type)


@dataclass(frozen=True)
class Lacking:
    """A function libxl lacks, and the part of libvirt that says so."""

    function: str
    origin: Origin = Origin.DOMAIN


_CPU_MAP = Lacking("virNodeGetCPUMap")


def _plain(prefix: str, *names: str) -> dict[str, Lacking]:
    return {name: Lacking(prefix + name[0].upper() + name[1:]) for name in names}


CONNECTION_CALLS: Mapping[str, Lacking] = {
    "getCPUMap": _CPU_MAP,
    "getMemoryStats": Lacking("virNodeGetMemoryStats"),
    "getCPUStats": Lacking("virNodeGetCPUStats"),
    "getCPUModelNames": Lacking("virConnectGetCPUModelNames"),
    "isSecure": Lacking("virConnectIsSecure"),
    "isEncrypted": Lacking("virConnectIsSecure"),
    "getAllDomainStats": Lacking("virConnectGetAllDomainStats"),
    "domainListGetStats": Lacking("virDomainListGetStats"),
    "baselineHypervisorCPU": Lacking("virConnectBaselineHypervisorCPU"),
    "compareHypervisorCPU": Lacking("virConnectCompareHypervisorCPU"),
    "saveImageGetXMLDesc": Lacking("virDomainSaveImageGetXMLDesc"),
    "getSEVInfo": Lacking("virNodeGetSEVInfo"),
}

DOMAIN_CALLS: Mapping[str, Lacking] = {
    **dict.fromkeys(
        (
            "vcpus",
            "vcpuPinInfo",
            "pinVcpu",
            "pinVcpuFlags",
            "emulatorPinInfo",
            "pinEmulator",
            "ioThreadInfo",
        ),
        _CPU_MAP,
    ),
    **_plain(
        "virDomain",
        "abortJob",
        "blockPeek",
        "blockResize",
        "blockCopy",
        "blockRebase",
        "blockPull",
        "blockCommit",
        "blockJobAbort",
        "backupBegin",
        "injectNMI",
        "sendKey",
        "sendProcessSignal",
        "screenshot",
        "setUserPassword",
        "setGuestVcpus",
        "setTime",
        "openChannel",
        "openGraphicsFD",
        "reset",
        "rename",
        "setVcpu",
        "memoryPeek",
        "migrateSetMaxDowntime",
        "migrateSetMaxSpeed",
        "migrateGetMaxSpeed",
        "migrateStartPostCopy",
        "setMemoryStatsPeriod",
        "setLifecycleAction",
        "startDirtyRateCalc",
    ),
    **_plain("virDomainGet", "blockInfo", "blockIoTune", "blockJobInfo"),
    **_plain("virDomainGet", "controlInfo", "diskErrors", "perfEvents"),
    **_plain("virDomainGet", "guestInfo", "hostname", "securityLabel"),
    **_plain("virDomainGet", "memoryParameters", "blkioParameters"),
    **_plain("virDomainGet", "interfaceParameters", "launchSecurityInfo"),
    # The binding asks for the present values before it sets new ones.
    "setBlockIoTune": Lacking("virDomainSetBlockIoTune"),
    "setMemoryParameters": Lacking("virDomainGetMemoryParameters"),
    "setBlkioParameters": Lacking("virDomainGetBlkioParameters"),
    "setInterfaceParameters": Lacking("virDomainGetInterfaceParameters"),
    "getTime": Lacking("virDomainGetTime"),
    "fsFreeze": Lacking("virDomainFSFreeze"),
    "fsThaw": Lacking("virDomainFSThaw"),
    "fSTrim": Lacking("virDomainFSTrim"),
    "fsInfo": Lacking("virDomainGetFSInfo"),
    "snapshotCreateXML": Lacking("virDomainSnapshotCreateXML", Origin.SNAPSHOT),
    "listAllSnapshots": Lacking("virDomainListAllSnapshots", Origin.SNAPSHOT),
    "snapshotNum": Lacking("virDomainSnapshotNum", Origin.SNAPSHOT),
    "hasCurrentSnapshot": Lacking("virDomainHasCurrentSnapshot", Origin.SNAPSHOT),
    "checkpointCreateXML": Lacking("virDomainCheckpointCreateXML", Origin.CHECKPOINT),
}


def add_unsupported(calls: Mapping[str, Lacking]) -> Callable[[Class], Class]:
    """Give a class the methods that only say they are not supported."""

    def decorate(made: Class) -> Class:
        for name, lacking in calls.items():
            setattr(made, name, _refusing(name, lacking))
        return made

    return decorate


def _refusing(name: str, lacking: Lacking) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any, **options: Any) -> Any:
        raise errors.not_supported(lacking.function, lacking.origin)

    method.__name__ = name
    method.__doc__ = f"Refuse: libxl has no {lacking.function}."
    return api()(method)
