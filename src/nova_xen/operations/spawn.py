# SPDX-License-Identifier: Apache-2.0
"""Make a server: plan it, make its files, define it, start it; or leave nothing."""

import functools
import logging

from nova_xen import exceptions, rules
from nova_xen.domain import format_domain
from nova_xen.hypervisor import (
    Guest,
    LogMark,
    console_log_dir,
    define_guest,
    discard_xen_console_log,
    find_guest,
    prepare_serial_logs,
)
from nova_xen.images import (
    BuildingFolder,
    Progress,
    copy_files,
    create_folder,
    list_unfinished,
    make_disk,
    remove_folder,
    sweep_leftovers,
)
from nova_xen.injection.config_drive import make_config_drive
from nova_xen.injection.guest.inject import inject
from nova_xen.injection.network_file import network_file
from nova_xen.model import (
    ConfigDrivePlan,
    DiskFormat,
    DiskPlan,
    InjectionPlan,
    Instance,
    Plan,
    Server,
)
from nova_xen.operations.host import Host
from nova_xen.operations.image import declared_checksum
from nova_xen.operations.query import describe
from nova_xen.operations.saved import forget_saved
from nova_xen.operations.start import start_guest
from nova_xen.operations.steps import Step, run_steps
from nova_xen.operations.vendor_data import add_vendor_data
from nova_xen.planning import make_plan
from nova_xen.version import package_version

LOG = logging.getLogger(__name__)


def plan(host: Host, instance: Instance) -> Plan:
    """Decide everything and check the document; nothing is touched.

    :raises NovaXenError: a refusal with its reason
    """
    # raw and qcow2 are in every QEMU; asking takes the start of a program
    asked = {instance.image.disk_format} & {DiskFormat.VHD}
    made = make_plan(instance, host.facts(asked), host.options, package_version())
    rules.check(made.domain)
    return add_vendor_data(made, host.vendor_data_path)


def spawn(host: Host, plan: Plan, progress: Progress) -> Server:
    """Carry ``plan`` out; any step failing leaves no domain and no file.

    Killed at any moment, the marker in the folder tells the next start that this
    server was never whole, and clean_up_unfinished removes it.

    :raises ServerExists: the name is taken
    :raises StepFailed: a step failed, and what was done is undone
    """
    name = plan.instance.name
    _refuse_taken(host, name)
    mark = LogMark.take(name)
    work = _Spawn(host, plan, progress)
    run_steps(name, "created", work.steps(), mark)
    return describe(work.guest)


def _refuse_taken(host: Host, name: str) -> None:
    try:
        find_guest(host.connection, name)
    except exceptions.ServerNotFound:
        return
    raise exceptions.ServerExists(server=name)


class _Spawn:
    """The steps of one spawn and what they hand to each other."""

    def __init__(self, host: Host, plan: Plan, progress: Progress) -> None:
        self._host = host
        self._plan = plan
        self._progress = progress
        self._name = plan.instance.name
        self._uuid = plan.instance.uuid
        self._folder: BuildingFolder | None = None
        self._defined: Guest | None = None

    @property
    def guest(self) -> Guest:
        """The guest that was defined."""
        if self._defined is None:
            raise exceptions.ServerNotFound(server=self._name)
        return self._defined

    def steps(self) -> list[Step]:
        """Everything to do, in order."""
        disks = [
            Step(f"make {disk.kind}", functools.partial(self._make_disk, disk))
            for disk in self._plan.disks
        ]
        return [
            Step("make its folder", self._make_folder, self._drop_folder),
            Step("copy its kernel", self._copy_files),
            *disks,
            *self._telling(),
            *self._injecting(),
            Step("check its files", self._check_files),
            Step("make its log", self._make_log),
            Step("define it in libvirt", self._define, self._undefine),
            Step("start it", self._start, self._switch_off),
            Step("close its journal", self._finish),
        ]

    def _telling(self) -> list[Step]:
        """What tells the guest its name, keys, files and addresses."""
        drive = self._plan.config_drive
        if drive is None:
            return []
        make = functools.partial(self._make_config_drive, drive)
        return [Step("make its config drive", make)]

    def _make_config_drive(self, drive: ConfigDrivePlan) -> None:
        instance = self._plan.instance
        interfaces = network_file(
            instance.nics,
            template=self._host.injection.network_template,
            server=self._name,
        )
        make_config_drive(
            drive,
            instance,
            self._plan.mode,
            server=self._name,
            network_file=interfaces,
        )

    def _injecting(self) -> list[Step]:
        """The disk goes with the folder, however much was written into it."""
        planned = self._plan.injection
        if planned is None:
            return []
        write = functools.partial(self._inject, planned)
        return [Step("write into its disk", write)]

    def _inject(self, planned: InjectionPlan) -> None:
        inject(
            planned,
            self._plan.instance,
            options=self._host.injection,
            server=self._name,
            progress=self._progress,
        )

    def _make_folder(self) -> None:
        path = self._host.options.instances_path
        self._folder = create_folder(path, self._uuid, server=self._name)

    def _drop_folder(self) -> None:
        if self._folder is not None:
            self._folder.abandon()

    def _copy_files(self) -> None:
        copy_files(self._plan.files, server=self._name)

    def _make_disk(self, disk: DiskPlan) -> None:
        make_disk(
            disk,
            server=self._name,
            instances_path=self._host.options.instances_path,
            image_id=self._plan.instance.image.id,
            checksum=declared_checksum(self._plan.instance.image),
            progress=self._progress,
        )

    def _check_files(self) -> None:
        self._host.require_startable(self._plan.domain, self._name)

    def _make_log(self) -> None:
        discard_xen_console_log(self._plan.domain, console_log_dir())
        prepare_serial_logs(self._plan.domain)

    def _define(self) -> None:
        xml = format_domain(self._plan.domain)
        self._defined = define_guest(self._host.connection, xml, self._name)

    def _undefine(self) -> None:
        """By UUID: another process may have taken the name in between."""
        try:
            find_guest(self._host.connection, self._uuid).undefine()
        except exceptions.ServerNotFound:
            return

    def _start(self) -> None:
        self._progress(f"start {self._name}", 0.0)
        start_guest(self.guest, self._plan.cap)
        self._progress(f"start {self._name}", 1.0)

    def _switch_off(self) -> None:
        if self._defined is not None:
            self._defined.destroy()

    def _finish(self) -> None:
        if self._folder is not None:
            self._folder.finish()


def clean_up_unfinished(host: Host) -> tuple[str, ...]:
    """Remove servers whose making or deletion was killed half way.

    :returns: their UUIDs
    """
    path = host.options.instances_path
    sweep_leftovers(path)
    removed = []
    for uuid in list_unfinished(path):
        _remove_domain(host, uuid)
        remove_folder(path, uuid)
        LOG.warning("Removed server %s, left half made by a killed process", uuid)
        removed.append(uuid)
    return tuple(removed)


def _remove_domain(host: Host, uuid: str) -> None:
    try:
        guest = find_guest(host.connection, uuid)
    except exceptions.ServerNotFound:
        return
    guest.destroy()
    forget_saved(guest)
    guest.undefine()
