# SPDX-License-Identifier: Apache-2.0
"""A driver that keeps servers in a dict, and a way to run commands with it."""

import contextlib
import dataclasses
import io
import json
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nova_xen import exceptions
from nova_xen.cli.app import NovaXen
from nova_xen.cli.session import Driver
from nova_xen.images import InspectedImage
from nova_xen.model import (
    CachedImage,
    CoreDump,
    CpuDiagnostics,
    DeviceChange,
    DeviceKind,
    Diagnostics,
    DiskCounters,
    DiskDiagnostics,
    DiskFormat,
    GuestMode,
    HostFacts,
    Image,
    Instance,
    Inventory,
    ModeFacts,
    Nic,
    NicCounters,
    NicDiagnostics,
    Plan,
    PlanOptions,
    PluggedDevice,
    PowerState,
    Removal,
    ResourceClass,
    Scrubbed,
    Server,
    ServerDisk,
    ServerNic,
    ServerSummary,
    Trait,
    VolumeRequest,
    Where,
)
from nova_xen.model.doctor import Finding
from nova_xen.model.host import BootFiles, BridgeFacts
from nova_xen.planning import make_plan
from unit.cli.migrations import MigrationStub

if TYPE_CHECKING:  # it takes a quarter of a second, and many processes import this
    from nova_xen.operations.request import CreateRequest, NicRequest

UUID = "5a1e2d3c-0000-4000-8000-0000000000{:02x}"
Progress = Callable[[str, float], None]

FACTS = HostFacts(
    hostname="xen1",
    arch="x86_64",
    xen_version=4_017_007,
    libvirt_version=9_000_000,
    modes={
        GuestMode.PV: ModeFacts(os_type="xen", machine="xenpv", max_vcpus=512),
        GuestMode.HVM: ModeFacts(os_type="hvm", machine="xenfv", max_vcpus=128),
    },
    cpus=4,
    memory_mib=8192,
    free_memory_mib=4096,
    scheduler="credit2",
    bridges={"br0": BridgeFacts(name="br0", mtu=1500)},
    boot_files=BootFiles(hvmloader="/boot/hvmloader", pvgrub="/boot/grub-xen.bin"),
    console_log_dir="/var/log/xen/console",
    uptime=4711,
)
MEMORY = Inventory(
    resource_class=ResourceClass.MEMORY_MB,
    total=4095,
    reserved=1579,
    used=2097,
    allocation_ratio=1.0,
    max_unit=4095,
    why="Domain-0 1536 MiB",
)


def make_server(name: str, number: int = 1, **changes: Any) -> Server:
    server = Server(
        uuid=UUID.format(number),
        name=name,
        state=PowerState.RUNNING,
        mode=GuestMode.PV,
        vcpus=1,
        memory_mib=256,
        domid=7,
        image="disk.qcow2",
        flavor="custom",
        created="2026-01-02 03:04:05",
        boot="kernel /boot/vmlinuz",
        disks=(ServerDisk(target="xvda", bus="xen", format="qcow2", source="/d"),),
        nics=(ServerNic(mac="00:16:3e:00:00:01", bridge="br0", model="netfront"),),
        vnc="127.0.0.1:5900",
        console_log="/var/log/xen/console/guest.log",
        properties={"vm_mode": "xen"},
    )
    return dataclasses.replace(server, **changes)


_DISK = DiskCounters(
    read_bytes=512, read_requests=1, write_bytes=0, write_requests=0, errors=0
)
_NIC = NicCounters(
    rx_octets=10,
    rx_packets=1,
    rx_errors=0,
    rx_drop=0,
    tx_octets=20,
    tx_packets=2,
    tx_errors=0,
)


def make_diagnostics(**changes: Any) -> Diagnostics:
    mute = "the device model does not name this disk"
    found = Diagnostics(
        uuid=UUID.format(1),
        name="db",
        state=PowerState.RUNNING,
        config_drive=False,
        memory_maximum=256,
        memory_used=256,
        uptime=60,
        cpu_time=7_000_000_000,
        cpus=(CpuDiagnostics(id=0, time=7_000_000_000), CpuDiagnostics(id=1, time=0)),
        disks=(
            DiskDiagnostics(target="xvda", counters=_DISK),
            DiskDiagnostics(target="xvdb", why=mute),
        ),
        nics=(
            NicDiagnostics(
                mac="00:16:3e:00:00:01",
                counters=_NIC,
            ),
        ),
    )
    return dataclasses.replace(found, **changes)


class StubDriver(MigrationStub):
    """``errors`` names methods, or (method, server), and what they raise."""

    def __init__(self, *servers: Server) -> None:
        super().__init__()
        self.servers = {server.name: server for server in servers}
        self.console: list[bytes] = [b""]
        self.progress: tuple[tuple[str, float], ...] = (("copy disk", 0.5),)
        self.request: CreateRequest | None = None
        self.fetched = False
        self.cache: tuple[CachedImage, ...] = ()
        self.scrubbed: tuple[Scrubbed, ...] = ()
        self.pruned: tuple[Removal, ...] = ()
        self.diagnostics = make_diagnostics()
        self.findings: tuple[Finding, ...] = ()
        self.change = DeviceChange(
            kind=DeviceKind.DISK,
            device="xvdb",
            source="/srv/volume",
            type="raw",
            where=Where(live=True, config=True),
        )
        self.left: tuple[str, ...] = ()
        self.devices: tuple[PluggedDevice, ...] = ()

    def _find(self, name: str) -> Server:
        for server in self.servers.values():
            if name in (server.name, server.uuid):
                return server
        raise exceptions.ServerNotFound(server=name)

    def init_host(self) -> tuple[str, ...]:
        self._call("init_host")
        return ()

    def build_instance(
        self,
        request: "CreateRequest",
        *,
        fetch: bool = True,
        progress: Progress = lambda what, how: None,
    ) -> Instance:
        self._call("build_instance", request.name)
        self.fetched = fetch
        self.request = request
        image = Image(
            path=request.image,
            disk_format=DiskFormat.QCOW2,
            virtual_size=1024**2,
            properties=request.properties,
        )
        return Instance(
            name=request.name,
            uuid=UUID.format(99),
            image=image,
            flavor=request.flavor,
            nics=tuple(
                Nic(
                    bridge=nic.bridge,
                    mac=nic.mac or f"00:16:3e:00:00:{number:02x}",
                    addresses=nic.addresses,
                    dns=nic.dns,
                )
                for number, nic in enumerate(request.nics)
            ),
            kernel=request.kernel,
            ramdisk=request.ramdisk,
            vnc_password=request.vnc_password,
            setup=request.setup,
            config_drive=request.config_drive,
        )

    def plan(self, instance: Instance) -> Plan:
        self._call("plan", instance.name)
        options = PlanOptions(instances_path="/instances")
        return make_plan(instance, FACTS, options, "1")

    def spawn(self, plan: Plan, progress: Progress = lambda what, how: None) -> Server:
        self._call("spawn", plan.instance.name)
        for what, fraction in self.progress:
            progress(what, fraction)
        server = make_server(plan.instance.name, uuid=plan.instance.uuid)
        self.servers[server.name] = server
        return server

    def destroy(self, name: str) -> None:
        self._call("destroy", name)
        del self.servers[self._find(name).name]

    def power_on(self, name: str, *, discard_memory: bool = False) -> None:
        given = ("discard_memory",) if discard_memory else ()
        self._call("power_on", name, *given)

    def power_off(self, name: str, timeout: int | None = None) -> None:
        self._call("power_off", name, timeout)

    def reboot(self, name: str, *, hard: bool = False) -> None:
        self._call("reboot", name, hard)

    def pause(self, name: str) -> None:
        self._call("pause", name)

    def unpause(self, name: str) -> None:
        self._call("unpause", name)

    def suspend(self, name: str) -> None:
        self._call("suspend", name)

    def resume(self, name: str) -> None:
        self._call("resume", name)

    def trigger_crash_dump(
        self, name: str, path: str | None = None, *, crash: bool = False
    ) -> CoreDump:
        self._call("trigger_crash_dump", name, path, crash)
        return CoreDump(server=name, path=path or "/dumps/core", size=1024**2)

    def list_devices(self, name: str) -> tuple[PluggedDevice, ...]:
        self._call("list_devices", name)
        return self.devices

    def attach_volume(self, name: str, request: VolumeRequest) -> DeviceChange:
        self._call("attach_volume", name, request)
        return self.change

    def detach_volume(self, name: str, volume: str) -> tuple[str, ...]:
        self._call("detach_volume", name, volume)
        return self.left

    def change_cdrom(self, name: str, path: str | None) -> None:
        self._call("change_cdrom", name, path)

    def attach_interface(self, name: str, request: "NicRequest") -> DeviceChange:
        self._call("attach_interface", name, request)
        kind, mac = DeviceKind.NETWORK, request.mac or "00:16:3e:00:00:01"
        return dataclasses.replace(self.change, kind=kind, device=mac)

    def detach_interface(self, name: str, mac: str) -> tuple[str, ...]:
        self._call("detach_interface", name, mac)
        return self.left

    def list_servers(self) -> tuple[ServerSummary, ...]:
        self._call("list_servers")
        return tuple(self.servers.values())

    def get_info(self, name: str) -> Server:
        self._call("get_info", name)
        return self._find(name)

    def get_console_output(self, name: str, max_bytes: int = 100 * 1024) -> bytes:
        """Each call sees one piece more of what the guest prints."""
        self._call("get_console_output", name, max_bytes)
        if len(self.console) > 1:
            return self.console.pop(0)[-max_bytes:]
        return self.console[0][-max_bytes:]

    def follow_console(self, name: str) -> Iterator[bytes]:
        self._call("follow_console", name)
        yield from self.console

    def get_instance_diagnostics(self, name: str) -> Diagnostics:
        self._call("get_instance_diagnostics", name)
        return self.diagnostics

    def get_inventory(self) -> tuple[Inventory, ...]:
        self._call("get_inventory")
        return (MEMORY,)

    def get_traits(self) -> tuple[Trait, ...]:
        self._call("get_traits")
        return (Trait("COMPUTE_NODE", "servers run on this host"),)

    def get_host(self) -> HostFacts:
        self._call("get_host")
        return FACTS

    def examine_host(self) -> tuple[Finding, ...]:
        self._call("examine_host")
        return self.findings

    def inspect_image(
        self, path: str, image_format: str | None = None
    ) -> InspectedImage:
        self._call("inspect_image", path, image_format)
        return InspectedImage(format=DiskFormat.QCOW2, virtual_size=1024**2)

    def list_image_cache(self) -> tuple[CachedImage, ...]:
        self._call("list_image_cache")
        return self.cache

    def scrub_image_cache(
        self, progress: Progress = lambda what, how: None
    ) -> tuple[Scrubbed, ...]:
        self._call("scrub_image_cache")
        return self.scrubbed

    def prune_image_cache(
        self, *, everything: bool = False, dry_run: bool = False
    ) -> tuple[Removal, ...]:
        self._call("prune_image_cache", everything, dry_run)
        return self.pruned


class Stream(io.TextIOWrapper):
    """Standard output or error in memory, a terminal or not."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def bytes(self) -> bytes:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """Runs commands on a driver and keeps how the driver was asked for."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.opened: list[tuple[tuple[str, ...], str | None]] = []
        self.opening_error: Exception | None = None

    def __call__(self, *argv: str, terminal: bool = False) -> Ended:
        out, err = Stream(terminal=terminal), Stream(terminal=terminal)
        app = NovaXen(opener=self._open, stdout=out, stderr=err)
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
            try:
                code = app.run(list(argv))
            except SystemExit as end:  # argparse ends so
                code = int(end.code or 0)
        return Ended(code, out.bytes, err.bytes.decode())

    def _open(self, files: Sequence[str], connection: str | None) -> Driver:
        self.opened.append((tuple(files), connection))
        if self.opening_error:
            raise self.opening_error
        return self.driver


def create(*more: str, name: str = "web", image: str = "disk.qcow2") -> list[str]:
    """Arguments that suffice for a server."""
    return [
        *("server", "create", name, "--image", image, "--ram", "256"),
        *("--kernel", "/boot/vmlinuz"),
        *more,
    ]


def secret_file(folder: pathlib.Path, text: str = "hunter2\n") -> str:
    path = folder / "password"
    path.write_text(text)
    return str(path)
