# SPDX-License-Identifier: Apache-2.0
"""From option values to what planning and libvirt need."""

import re
import shlex

from oslo_config import cfg

from nova_xen import exceptions
from nova_xen.model import (
    GIB,
    ConfigDriveFormat,
    ImageOptions,
    InventoryOptions,
    MigrationOptions,
    PlanOptions,
    TimeoutAction,
    VhdSubformat,
)

#: a path that can stand in an option of QEMU's (no comma) and in XML
PATH = re.compile(r"/[^,\x00-\x1f\x7f]*", re.ASCII)
CPUSET = re.compile(r"(\d+(-\d+)?|\^\d+)(,(\d+(-\d+)?|\^\d+))*", re.ASCII)
DRIVER = "libvirt.LibvirtDriver"
DEFAULT_URI = "xen:///system"


def require_xen(conf: cfg.ConfigOpts) -> None:
    """Refuse a configuration that is for another hypervisor.

    :raises InvalidConfig: compute_driver or virt_type says something else
    """
    if conf.compute_driver != DRIVER:
        raise exceptions.InvalidConfig(
            why=f"compute_driver is {conf.compute_driver}; nova-xen needs {DRIVER}"
        )
    if conf.libvirt.virt_type != "xen":
        raise exceptions.InvalidConfig(
            why=f"[libvirt] virt_type is {conf.libvirt.virt_type}; nova-xen needs xen"
        )


def connection_uri(conf: cfg.ConfigOpts, override: str | None = None) -> str:
    """The URI of libvirt: ``override``, else the option, else the default."""
    return override or conf.libvirt.connection_uri or DEFAULT_URI


def save_folder(conf: cfg.ConfigOpts) -> str:
    """Where libvirt keeps the memory of suspended servers.

    :raises InvalidConfig: it is no absolute path
    """
    return _absolute("saved_memory_path", conf.xen.saved_memory_path)


def plan_options(conf: cfg.ConfigOpts) -> PlanOptions:
    """The operator's choices for planning.

    :raises InvalidConfig: instances_path or cpu_shared_set is not possible
    """
    return PlanOptions(
        instances_path=_instances_path(conf.instances_path),
        vnc_enabled=conf.vnc.enabled,
        vnc_listen=conf.vnc.server_listen,
        usb_tablet=conf.pointer_model == "usbtablet",
        use_cow_images=conf.use_cow_images,
        images_type=conf.libvirt.images_type,
        force_raw_images=conf.force_raw_images,
        preallocate=conf.preallocate_images == "space",
        vhd_subformat=VhdSubformat(conf.xen.vhd_subformat),
        pv_bootloader=conf.xen.pv_bootloader,
        cpuset=_cpuset(conf.compute.cpu_shared_set),
        vif_script=conf.xen.vif_script,
        config_drive_format=ConfigDriveFormat(conf.config_drive_format),
        force_config_drive=conf.force_config_drive,
        inject_partition=conf.libvirt.inject_partition,
        inject_key=conf.libvirt.inject_key,
        inject_password=conf.libvirt.inject_password,
    )


def image_options(conf: cfg.ConfigOpts) -> ImageOptions:
    """How images come to this host and how long they stay."""
    cache = conf.image_cache
    return ImageOptions(
        attempts=conf.xen.image_attempts,
        timeout=conf.xen.image_timeout,
        largest=conf.xen.image_limit_gib * GIB or None,
        remove_unused=cache.remove_unused_base_images,
        minimum_age=cache.remove_unused_original_minimum_age_seconds,
        cache_limit=conf.xen.image_cache_limit_gib * GIB or None,
    )


def inventory_options(conf: cfg.ConfigOpts) -> InventoryOptions:
    """What of the host is kept from servers, and what is overcommitted.

    :raises InvalidConfig: CPUs are reserved in two ways, as Nova refuses too
    """
    if conf.reserved_host_cpus and _cpuset(conf.compute.cpu_shared_set):
        raise exceptions.InvalidConfig(
            why="reserved_host_cpus and [compute] cpu_shared_set are both set; the "
            "CPUs that are not in cpu_shared_set are the host's already"
        )
    return InventoryOptions(
        reserved_memory_mib=conf.reserved_host_memory_mb,
        reserved_cpus=conf.reserved_host_cpus,
        reserved_disk_mib=conf.reserved_host_disk_mb,
        # 0 is unset to Nova
        cpu_allocation_ratio=conf.cpu_allocation_ratio
        or conf.initial_cpu_allocation_ratio,
        ram_allocation_ratio=conf.ram_allocation_ratio
        or conf.initial_ram_allocation_ratio,
        disk_allocation_ratio=conf.disk_allocation_ratio
        or conf.initial_disk_allocation_ratio,
    )


def migration_options(conf: cfg.ConfigOpts) -> MigrationOptions:
    """How servers move to other hosts.

    :raises InvalidConfig: a command or a path is not possible
    """
    nova, ours = conf.libvirt, conf.xen
    state, metrics = ours.migration_state_path, ours.migration_metrics_path
    peer = _command("migration_peer_command", ours.migration_peer_command)
    if not peer:
        raise exceptions.InvalidConfig(
            why="[xen] migration_peer_command is empty; it must name a program"
        )
    return MigrationOptions(
        uri=nova.live_migration_uri or None,
        scheme="xen+" + nova.live_migration_scheme.removeprefix("xen+"),
        inbound_addr=nova.live_migration_inbound_addr,
        tunnelled=nova.live_migration_tunnelled,
        completion_timeout=nova.live_migration_completion_timeout,
        timeout_action=TimeoutAction(nova.live_migration_timeout_action),
        monitor_interval=nova.live_migration_monitor_interval,
        max_concurrent=conf.max_concurrent_live_migrations,
        peer_command=peer,
        state_path=_absolute("migration_state_path", state),
        metrics_path=_absolute("migration_metrics_path", metrics) if metrics else None,
        restart_command=_command(
            "libvirtd_restart_command", ours.libvirtd_restart_command
        ),
    )


def _command(option: str, text: str) -> tuple[str, ...]:
    """The words of a command, which no shell will see."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise exceptions.InvalidConfig(
            why=f"[xen] {option} is {text!r}, which is no command ({error})"
        ) from None


def _absolute(option: str, path: str) -> str:
    if not path.startswith("/"):
        raise exceptions.InvalidConfig(
            why=f"[xen] {option} is {path!r}; it must begin with /"
        )
    return path


def _instances_path(path: str) -> str:
    """An absolute path without what libxl's device model takes for an end."""
    if not PATH.fullmatch(path):
        raise exceptions.InvalidConfig(
            why=f"instances_path is {path!r}; it must begin with / and have no comma, "
            "which QEMU takes for the end of a file name"
        )
    return path.rstrip("/") or "/"


def _cpuset(given: str | None) -> str | None:
    """libvirt's form of a list of CPUs, which has no spaces."""
    cpuset = "".join((given or "").split())
    if cpuset and not CPUSET.fullmatch(cpuset):
        raise exceptions.InvalidConfig(
            why=f"[compute] cpu_shared_set is {given!r}; it must be a list such as "
            "2-7,^4"
        )
    return cpuset or None
