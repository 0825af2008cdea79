# SPDX-License-Identifier: Apache-2.0
"""What the command asks of a driver, and how it comes by one."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nova_xen.images import InspectedImage, Progress
    from nova_xen.migration.interfaces import Peer
    from nova_xen.model import (
        CachedImage,
        CoreDump,
        DeviceChange,
        Diagnostics,
        HostFacts,
        Instance,
        Inventory,
        MigrationProgress,
        MigrationRecord,
        MigrationRequest,
        Plan,
        PluggedDevice,
        RecoveryPlan,
        Removal,
        Scrubbed,
        Server,
        ServerSummary,
        Trait,
        VolumeRequest,
    )
    from nova_xen.model.doctor import Finding
    from nova_xen.operations.request import CreateRequest, NicRequest

DEFAULT_CONFIG_FILE = "/etc/nova-xen/nova-xen.conf"


class Driver(Protocol):
    """The part of :class:`nova_xen.driver.LibvirtDriver` that the command uses."""

    def init_host(self) -> tuple[str, ...]: ...

    def build_instance(
        self,
        request: "CreateRequest",
        *,
        fetch: bool = True,
        progress: "Progress" = ...,
    ) -> "Instance": ...

    def plan(self, instance: "Instance") -> "Plan": ...

    def spawn(self, plan: "Plan", progress: "Progress" = ...) -> "Server": ...

    def destroy(self, name: str) -> None: ...

    def power_on(self, name: str, *, discard_memory: bool = False) -> None: ...

    def power_off(self, name: str, timeout: int | None = None) -> None: ...

    def reboot(self, name: str, *, hard: bool = False) -> None: ...

    def pause(self, name: str) -> None: ...

    def unpause(self, name: str) -> None: ...

    def suspend(self, name: str) -> None: ...

    def resume(self, name: str) -> None: ...

    def trigger_crash_dump(
        self, name: str, path: str | None = None, *, crash: bool = False
    ) -> "CoreDump": ...
    def list_devices(self, name: str) -> "tuple[PluggedDevice, ...]": ...

    def attach_volume(self, name: str, request: "VolumeRequest") -> "DeviceChange": ...

    def detach_volume(self, name: str, volume: str) -> tuple[str, ...]: ...

    def change_cdrom(self, name: str, path: str | None) -> None: ...

    def attach_interface(self, name: str, request: "NicRequest") -> "DeviceChange": ...

    def detach_interface(self, name: str, mac: str) -> tuple[str, ...]: ...

    def list_servers(self) -> "tuple[ServerSummary, ...]": ...

    def get_info(self, name: str) -> "Server": ...

    def get_console_output(self, name: str, max_bytes: int = ...) -> bytes: ...

    def follow_console(self, name: str) -> Iterator[bytes]: ...

    def get_instance_diagnostics(self, name: str) -> "Diagnostics": ...

    def get_host(self) -> "HostFacts": ...

    def get_inventory(self) -> "tuple[Inventory, ...]": ...

    def get_traits(self) -> "tuple[Trait, ...]": ...

    def examine_host(self) -> "tuple[Finding, ...]": ...

    def inspect_image(
        self, path: str, image_format: str | None = None
    ) -> "InspectedImage": ...

    def list_image_cache(self) -> "tuple[CachedImage, ...]": ...

    def scrub_image_cache(
        self, progress: "Progress" = ...
    ) -> "tuple[Scrubbed, ...]": ...

    def prune_image_cache(
        self, *, everything: bool = False, dry_run: bool = False
    ) -> "tuple[Removal, ...]": ...

    def migrate(
        self,
        request: "MigrationRequest",
        watch: "Callable[[MigrationProgress], None] | None" = None,
    ) -> "MigrationRecord": ...

    def list_migrations(self) -> "tuple[MigrationRecord, ...]": ...

    def get_migration(self, migration: str) -> "MigrationRecord": ...

    def migration_log(self, uuid: str) -> str: ...

    def abort_migration(self, server: str) -> None: ...

    def force_complete_migration(self, server: str) -> None: ...

    def recover_migrations(
        self,
        servers: Collection[str] = (),
        *,
        lost_hosts: Collection[str] = (),
        tell: Callable[[str], None] | None = None,
    ) -> "tuple[RecoveryPlan, ...]": ...

    def migration_peer(self) -> "Peer": ...


#: makes a driver of configuration files and the URI of ``--connection``
Opener = Callable[[Sequence[str], str | None], Driver]


def config_files(named: Sequence[str], default: str = DEFAULT_CONFIG_FILE) -> list[str]:
    """The files to read: those named, else the default one where it exists."""
    if named:
        return list(named)
    return [default] if os.path.exists(default) else []


def open_driver(files: Sequence[str], connection: str | None) -> Driver:
    """The driver for the configuration ``files``.

    :param connection: URI of libvirt; None takes the option's
    :raises InvalidConfig: a file or a value in it is wrong
    """
    from nova_xen import config, load_compute_driver

    conf = config.load(config_files(files))
    if connection:
        conf.set_override("connection_uri", connection, group="libvirt")
    return load_compute_driver(conf)
