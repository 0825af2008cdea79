# SPDX-License-Identifier: Apache-2.0
"""Which disks a server gets: files to make and devices to plug."""

import dataclasses

from nova_xen.domain import Disk, DiskDevice, DiskType
from nova_xen.model import (
    GIB,
    MIB,
    ConfigDriveFormat,
    ConfigDrivePlan,
    DiskFormat,
    DiskKind,
    DiskPlan,
    GuestMode,
    Reason,
)
from nova_xen.planning.buses import choose_bus, device_letters, device_name
from nova_xen.planning.context import Context, reason
from nova_xen.planning.formats import disk_driver
from nova_xen.planning.sizes import installation_size, root_size

_CDROM = DiskKind.CDROM


@dataclasses.dataclass(frozen=True)
class _Wanted:
    """A file that becomes a device of the guest."""

    kind: DiskKind
    path: str
    format: DiskFormat
    cdrom: bool


@dataclasses.dataclass(frozen=True)
class Disks:
    """The devices of the guest, the files behind them, and why."""

    devices: tuple[Disk, ...]
    files: tuple[DiskPlan, ...]
    reasons: tuple[Reason, ...]
    config_drive: ConfigDrivePlan | None = None


def decide_disks(
    context: Context, drive_format: ConfigDriveFormat | None = None
) -> Disks:
    """Root first, then a cdrom, ephemeral and swap, last the config drive.

    :raises BusNotPossible, TooManyDisks, FlavorTooSmall: see there
    """
    files = tuple(_files(context))
    wanted = [_Wanted(f.kind, f.path, f.format, f.kind is _CDROM) for f in files]
    drive = _config_drive(context, drive_format, files) if drive_format else None
    if drive:
        cdrom = drive.format is ConfigDriveFormat.ISO9660
        raw = DiskFormat.RAW
        wanted.append(_Wanted(DiskKind.CONFIG, drive.path, raw, cdrom))
    devices = []
    reasons = list(_format_reasons(context, files))
    for index, each in enumerate(wanted):
        device, why = _device(context, each, index)
        devices.append(device)
        reasons.append(
            reason(f"disk[{device.target_dev}]/target/@bus", device.target_bus, why)
        )
    return Disks(tuple(devices), files, tuple(reasons), drive)


def _config_drive(
    context: Context, drive_format: ConfigDriveFormat, files: tuple[DiskPlan, ...]
) -> ConfigDrivePlan:
    """Linux calls the disk in each place xvd, whichever bus it is on."""
    return ConfigDrivePlan(
        path=f"{context.folder}/{DiskKind.CONFIG}",
        format=drive_format,
        devices={
            file.kind: f"/dev/xvd{device_letters(index)}"
            for index, file in enumerate(files)
        },
    )


def _files(context: Context) -> list[DiskPlan]:
    flavor = context.instance.flavor
    root_format, overlay, _why = root_format_of(context)
    files = []
    if context.instance.image.iso:
        if flavor.root_gib:
            empty = _empty_format(root_format)
            size = installation_size(context)
            files.append(_empty(context, DiskKind.ROOT, size, empty))
        files.append(_cdrom(context))
    else:
        files.append(_root(context, root_format, overlay=overlay))
    empty = _empty_format(root_format)
    if flavor.ephemeral_gib:
        size = flavor.ephemeral_gib * GIB
        files.append(_empty(context, DiskKind.EPHEMERAL, size, empty))
    if flavor.swap_mib:
        files.append(_empty(context, DiskKind.SWAP, flavor.swap_mib * MIB, empty))
    return files


def root_format_of(context: Context) -> tuple[DiskFormat, bool, str]:
    """Format of the root disk on this host, whether an overlay, and why."""
    image = context.instance.image
    match context.options.images_type:
        case "raw" | "flat":
            return DiskFormat.RAW, False, "the option images_type=raw"
        case "qcow2":
            return DiskFormat.QCOW2, True, "the option images_type=qcow2"
    unserved = image.disk_format in context.host.unserved_formats
    if image.disk_format is DiskFormat.VHD and not unserved:
        return DiskFormat.VHD, False, "a copy of the image, in its own format vhd"
    if context.options.use_cow_images:
        return DiskFormat.QCOW2, True, "the option use_cow_images: a qcow2 overlay"
    if unserved:
        why = f"this host's QEMU was built without {image.disk_format}: converted"
        return DiskFormat.RAW, False, why
    return image.disk_format, False, "a copy of the image, in its own format"


def _root(context: Context, disk_format: DiskFormat, *, overlay: bool) -> DiskPlan:
    image = context.instance.image
    return DiskPlan(
        kind=DiskKind.ROOT,
        path=f"{context.folder}/{DiskKind.ROOT}",
        format=disk_format,
        size=root_size(context, disk_format),
        base=image.path,
        base_format=image.disk_format,
        overlay=overlay,
        cache_format=_cache_format(context),
        preallocate=context.options.preallocate,
        vhd_subformat=context.options.vhd_subformat,
    )


def _cache_format(context: Context) -> DiskFormat:
    """What a base is kept as: raw takes no decoding while guests run."""
    raw = context.instance.image.disk_format is DiskFormat.RAW
    if raw or context.options.force_raw_images:
        return DiskFormat.RAW
    return DiskFormat.QCOW2


def _cdrom(context: Context) -> DiskPlan:
    image = context.instance.image
    return DiskPlan(
        kind=DiskKind.CDROM,
        path=f"{context.folder}/{DiskKind.CDROM}",
        format=DiskFormat.RAW,
        size=image.virtual_size,
        base=image.path,
        base_format=DiskFormat.RAW,
    )


def _empty(
    context: Context, kind: DiskKind, size: int, disk_format: DiskFormat
) -> DiskPlan:
    path = f"{context.folder}/{kind}"
    return DiskPlan(
        kind=kind,
        path=path,
        format=disk_format,
        size=size,
        preallocate=context.options.preallocate,
    )


def _empty_format(root: DiskFormat) -> DiskFormat:
    """Empty disks grow as they fill: qcow2 beside a qcow2 root, else sparse raw."""
    return DiskFormat.QCOW2 if root is DiskFormat.QCOW2 else DiskFormat.RAW


def _format_reasons(context: Context, files: tuple[DiskPlan, ...]) -> list[Reason]:
    formats = [
        reason(f"{file.kind}/format", file.format, _format_why(context, file))
        for file in files
    ]
    sizes = [
        reason(f"{file.kind}/size", file.size, _size_why(context, file))
        for file in files
    ]
    return [*formats, *sizes]


def _format_why(context: Context, file: DiskPlan) -> str:
    if file.kind is DiskKind.CDROM:
        return "an ISO is read as it is"
    if file.base is None:
        return "empty, it grows as it fills: qcow2 if root disks are, else sparse raw"
    return root_format_of(context)[2]


def _size_why(context: Context, file: DiskPlan) -> str:
    flavor = context.instance.flavor
    match file.kind:
        case DiskKind.ROOT if flavor.root_gib:
            return f"the flavor's disk of {flavor.root_gib} GiB"
        case DiskKind.EPHEMERAL:
            return f"the flavor's ephemeral disk of {flavor.ephemeral_gib} GiB"
        case DiskKind.SWAP:
            return f"the flavor's swap of {flavor.swap_mib} MiB"
        case DiskKind.CDROM:
            return "the image's own size"
        case _ if context.instance.image.min_disk * GIB == file.size:
            return "the image's min_disk, since the flavor gives no size"
        case _:
            return "the image's own size, since the flavor gives none"


def _device(context: Context, file: _Wanted, index: int) -> tuple[Disk, str]:
    """A cdrom is read-only by nature; an emulated disk cannot be made so.

    Linux's front end refuses a cdrom in a guest that is no PV one (error 19 of
    xenbus_dev_probe), and PVH has no other: it gets a disk instead, a writable one,
    since QEMU serves no read-only disk ("Block node is read-only"; both on real Xen).
    """
    kind = DiskDevice.CDROM if file.cdrom else DiskDevice.DISK
    bus, why = choose_bus(context, kind)
    if file.cdrom and context.mode is GuestMode.PVH:
        why += "; a disk, since Linux takes no CD drive as a PVH guest"
        kind = DiskDevice.DISK
    name, word = disk_driver(DiskType.FILE, file.format)
    disk = Disk(
        type=DiskType.FILE,
        device=kind,
        driver_name=name,
        driver_type=word,
        source_file=file.path,
        target_dev=device_name(context, bus, index, f"the {file.kind}", kind),
        target_bus=bus.value,
        readonly=kind is DiskDevice.CDROM,
    )
    return disk, why
