# SPDX-License-Identifier: Apache-2.0
"""Calls libxl does not have: the driver must never make them hopefully."""

from typing import Any

import libvirt
import pytest

from contract.refusals import DOMAIN, refused
from contract.tiers.base import Tier

NO_SUPPORT = libvirt.VIR_ERR_NO_SUPPORT
SNAPSHOT = libvirt.VIR_FROM_DOMAIN_SNAPSHOT
CHECKPOINT = libvirt.VIR_FROM_DOMAIN_CHECKPOINT
CPU_MAP = "virNodeGetCPUMap"
COPY = '<disk type="file"><source file="/tmp/c"/><driver type="qcow2"/></disk>'

CONNECTION_CALLS: list[tuple[str, tuple[Any, ...], str]] = [
    ("getCPUMap", (), CPU_MAP),
    ("getMemoryStats", (0,), "virNodeGetMemoryStats"),
    ("getCPUStats", (-1, 0), "virNodeGetCPUStats"),
    ("getCPUModelNames", ("x86_64", 0), "virConnectGetCPUModelNames"),
    ("getAllDomainStats", (), "virConnectGetAllDomainStats"),
    ("getSEVInfo", (), "virNodeGetSEVInfo"),
    ("saveImageGetXMLDesc", ("/tmp/none",), "virDomainSaveImageGetXMLDesc"),
    (
        "baselineHypervisorCPU",
        (None, "x86_64", None, "xen", ["<cpu/>"]),
        "virConnectBaselineHypervisorCPU",
    ),
    (
        "compareHypervisorCPU",
        (None, "x86_64", None, "xen", "<cpu/>"),
        "virConnectCompareHypervisorCPU",
    ),
]

DOMAIN_CALLS: list[tuple[str, tuple[Any, ...], str]] = [
    ("vcpus", (), CPU_MAP),
    ("vcpuPinInfo", (), CPU_MAP),
    ("pinVcpu", (0, (True,)), CPU_MAP),
    ("pinVcpuFlags", (0, (True,), 0), CPU_MAP),
    ("emulatorPinInfo", (), CPU_MAP),
    ("pinEmulator", ((True,),), CPU_MAP),
    ("ioThreadInfo", (), CPU_MAP),
    ("blockInfo", ("xvda",), "virDomainGetBlockInfo"),
    ("blockPeek", ("xvda", 0, 512), "virDomainBlockPeek"),
    ("blockIoTune", ("xvda",), "virDomainGetBlockIoTune"),
    # Some versions of the binding ask for the present values first.
    ("setBlockIoTune", ("xvda", {"read_bytes_sec": 1}), "BlockIoTune"),
    ("blockResize", ("xvda", 1024, 0), "virDomainBlockResize"),
    ("blockJobInfo", ("xvda", 0), "virDomainGetBlockJobInfo"),
    ("blockCopy", ("xvda", COPY), "virDomainBlockCopy"),
    ("blockRebase", ("xvda", "/tmp/c", 0, 8), "virDomainBlockRebase"),
    ("blockPull", ("xvda", 0), "virDomainBlockPull"),
    ("blockCommit", ("xvda", None, None, 0), "virDomainBlockCommit"),
    ("blockJobAbort", ("xvda",), "virDomainBlockJobAbort"),
    ("backupBegin", ("<domainbackup/>", None), "virDomainBackupBegin"),
    ("abortJob", (), "virDomainAbortJob"),
    ("migrateSetMaxDowntime", (100,), "virDomainMigrateSetMaxDowntime"),
    ("migrateSetMaxSpeed", (10,), "virDomainMigrateSetMaxSpeed"),
    ("migrateGetMaxSpeed", (), "virDomainMigrateGetMaxSpeed"),
    ("migrateStartPostCopy", (), "virDomainMigrateStartPostCopy"),
    ("sendKey", (0, 0, [28], 1), "virDomainSendKey"),
    ("injectNMI", (), "virDomainInjectNMI"),
    ("sendProcessSignal", (1, 9), "virDomainSendProcessSignal"),
    ("fsFreeze", (), "virDomainFSFreeze"),
    ("fsThaw", (), "virDomainFSThaw"),
    ("fsInfo", (), "virDomainGetFSInfo"),
    ("fSTrim", (None, 0), "virDomainFSTrim"),
    ("guestInfo", (), "virDomainGetGuestInfo"),
    ("setUserPassword", ("root", "x"), "virDomainSetUserPassword"),
    ("setGuestVcpus", ("0", 1), "virDomainSetGuestVcpus"),
    ("getTime", (), "virDomainGetTime"),
    ("setTime", ({"seconds": 1, "nseconds": 0},), "virDomainSetTime"),
    ("hostname", (), "virDomainGetHostname"),
    ("openGraphicsFD", (0,), "virDomainOpenGraphicsFD"),
    ("reset", (), "virDomainReset"),
    ("rename", ("contract-2",), "virDomainRename"),
    ("setVcpu", ("1", 1), "virDomainSetVcpu"),
    ("memoryParameters", (), "virDomainGetMemoryParameters"),
    ("setMemoryParameters", ({"hard_limit": 1},), "virDomainGetMemoryParameters"),
    ("blkioParameters", (), "virDomainGetBlkioParameters"),
    ("setBlkioParameters", ({"weight": 1}, 0), "virDomainGetBlkioParameters"),
    ("interfaceParameters", ("vif1.0", 0), "virDomainGetInterfaceParameters"),
    ("setMemoryStatsPeriod", (5,), "virDomainSetMemoryStatsPeriod"),
    ("memoryPeek", (0, 16, 2), "virDomainMemoryPeek"),
    ("perfEvents", (), "virDomainGetPerfEvents"),
    ("setLifecycleAction", (0, 0, 0), "virDomainSetLifecycleAction"),
    ("controlInfo", (), "virDomainGetControlInfo"),
    ("diskErrors", (), "virDomainGetDiskErrors"),
    ("launchSecurityInfo", (), "virDomainGetLaunchSecurityInfo"),
    ("securityLabel", (), "virDomainGetSecurityLabel"),
    ("startDirtyRateCalc", (1,), "virDomainStartDirtyRateCalc"),
]

OTHER_ORIGINS: list[tuple[str, tuple[Any, ...], str, int]] = [
    (
        "snapshotCreateXML",
        ("<domainsnapshot/>", 0),
        "virDomainSnapshotCreateXML",
        SNAPSHOT,
    ),
    ("listAllSnapshots", (), "virDomainListAllSnapshots", SNAPSHOT),
    ("snapshotNum", (), "virDomainSnapshotNum", SNAPSHOT),
    ("hasCurrentSnapshot", (), "virDomainHasCurrentSnapshot", SNAPSHOT),
    (
        "checkpointCreateXML",
        ("<domaincheckpoint/>",),
        "virDomainCheckpointCreateXML",
        CHECKPOINT,
    ),
]


@pytest.mark.parametrize(
    ("call", "arguments", "function"),
    CONNECTION_CALLS,
    ids=[call for call, *_ in CONNECTION_CALLS],
)
def test_connections_lack(
    xen: Tier, call: str, arguments: tuple[Any, ...], function: str
) -> None:
    with refused(NO_SUPPORT, DOMAIN, function):
        getattr(xen.connection, call)(*arguments)


@pytest.mark.parametrize("call", ["isSecure", "isEncrypted"])
def test_nobody_can_ask_about_secrecy(xen: Tier, call: str) -> None:
    with refused(NO_SUPPORT, DOMAIN):
        getattr(xen.connection, call)()


@pytest.mark.parametrize(
    ("call", "arguments", "function"),
    DOMAIN_CALLS,
    ids=[call for call, *_ in DOMAIN_CALLS],
)
def test_guests_lack(
    idle: Any, call: str, arguments: tuple[Any, ...], function: str
) -> None:
    with refused(NO_SUPPORT, DOMAIN, function):
        getattr(idle, call)(*arguments)


@pytest.mark.parametrize(
    ("call", "arguments", "function", "origin"),
    OTHER_ORIGINS,
    ids=[call for call, *_ in OTHER_ORIGINS],
)
def test_guests_lack_snapshots(
    idle: Any, call: str, arguments: tuple[Any, ...], function: str, origin: int
) -> None:
    with refused(NO_SUPPORT, origin, function):
        getattr(idle, call)(*arguments)


def test_statistics_of_a_list_of_guests(xen: Tier, idle: Any) -> None:
    with refused(NO_SUPPORT, DOMAIN, "virDomainListGetStats"):
        xen.connection.domainListGetStats([idle])


@pytest.mark.parametrize(
    ("call", "arguments"), [("screenshot", (0,)), ("openChannel", ())]
)
def test_streams_guests_lack(
    xen: Tier, idle: Any, call: str, arguments: tuple[Any, ...]
) -> None:
    stream = xen.connection.newStream()
    given = (stream, *arguments) if call == "screenshot" else ("x", stream)
    function = f"virDomain{call[0].upper()}{call[1:]}"
    with refused(NO_SUPPORT, DOMAIN, function):
        getattr(idle, call)(*given)
