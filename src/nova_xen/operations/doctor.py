# SPDX-License-Identifier: Apache-2.0
"""Examine the host: facts are gathered and judged, one concern after the other.

Whatever is missing, hangs or answers nonsense costs the one check that it belongs to:
that check says so, and the others are made. Nothing is changed.
"""

import dataclasses
import functools
import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from oslo_config import cfg

from nova_xen import config, exceptions
from nova_xen.examination import (
    appliance,
    boot,
    clock,
    console,
    folders,
    network,
    programs,
    transport,
    xen,
)
from nova_xen.examination.places import Places
from nova_xen.hypervisor.deadlines import Runner
from nova_xen.images import list_unfinished
from nova_xen.injection.guest.inject import default_cache
from nova_xen.model import ConfigDriveFormat, GuestMode, HostFacts, MigrationOptions
from nova_xen.model.doctor import (
    Finding,
    FolderFacts,
    GuestTypeFacts,
    LeftoverFacts,
    ProgramFacts,
    TransportFacts,
    XenFacts,
)
from nova_xen.operations.host import Host
from nova_xen.planning import doctor as judge
from nova_xen.planning.doctor.words import advice
from nova_xen.planning.migration.uris import destination_uri

LOG = logging.getLogger(__name__)

#: seconds for the facts of one check: a dead NFS server answers never
PATIENCE = 180
#: stands in a URI for another host
OTHER_HOST = "HOST"

_F = TypeVar("_F")
#: what tells of migrations that were cut short; they are above this floor
Unsettled = Callable[[], LeftoverFacts]


def examine(
    host: Host,
    conf: cfg.ConfigOpts,
    unsettled: Unsettled,
    *,
    places: Places | None = None,
    patience: float = PATIENCE,
) -> tuple[Finding, ...]:
    """Every check, passed or not, in the order in which to put things right."""
    doctor = _Doctor(patience)
    try:
        _Examination(host, conf, places or Places(), doctor).all(unsettled)
    finally:
        doctor.close()
    return tuple(doctor.findings)


class _Doctor:
    """Makes checks, and goes on whatever becomes of one."""

    def __init__(self, patience: float) -> None:
        self.findings: list[Finding] = []
        self._patience = patience
        self._runner = Runner()

    def check(
        self,
        name: str,
        gather: Callable[[], _F],
        *decide: Callable[[_F], Iterator[Finding]],
    ) -> _F | None:
        """Gather facts and judge them; None where they are not to be had."""
        try:
            facts: _F = self._runner.run(name, self._patience, gather)
            for each in decide:
                self.findings += each(facts)
        except exceptions.DeadlineExceeded:
            self._failed(name, f"it got no answer within {self._patience:g} s")
        except exceptions.NovaXenError as error:
            self._failed(name, error.sentence.rstrip("."))
        except OSError as error:
            self._failed(name, str(error))
        except Exception as error:
            LOG.debug("The check %s failed.", name, exc_info=True)
            self._failed(name, f"{type(error).__name__}: {error}")
        else:
            return facts
        return None

    def close(self) -> None:
        """Let go of the threads that facts were gathered on."""
        self._runner.close()

    def _failed(self, name: str, why: str) -> None:
        self.findings.append(
            advice(
                name,
                f"This could not be checked: {why}.",
                "See to that, or run it again with --debug and report what it prints.",
            )
        )


@dataclasses.dataclass(frozen=True)
class _Examination:
    """All concerns of one host."""

    host: Host
    conf: cfg.ConfigOpts
    places: Places
    doctor: _Doctor

    def all(self, unsettled: Unsettled) -> None:
        facts = self._hypervisor()
        self._making(None if facts is None else frozenset(facts.modes))
        self._migrations()
        self._keeping(unsettled)

    def _hypervisor(self) -> HostFacts | None:
        """Xen and libvirt first: most of the rest is of no use without."""
        check, places = self.doctor.check, self.places
        libvirt = check(
            "libvirt",
            lambda: xen.libvirt_facts(self.host.connection, places),
            judge.libvirt.user,
            judge.libvirt.reached,
        )
        facts = None if libvirt is None else libvirt.host
        told = check(
            "xen",
            lambda: xen.xen_facts(facts, places),
            judge.xen.tools,
            judge.xen.version,
        )
        told = told or XenFacts(why="it was not asked")
        check(
            "dom0-memory",
            lambda: xen.dom0_facts(told, facts, places),
            judge.dom0.memory,
            judge.dom0.autoballoon,
            judge.dom0.cpus,
        )
        check(
            "guest-types",
            lambda: _guest_types(told, facts),
            judge.guests.types,
            judge.guests.live_pv,
        )
        return facts

    def _making(self, modes: frozenset[GuestMode] | None) -> None:
        """What servers are made with."""
        check, host, places = self.doctor.check, self.host, self.places
        check(
            "boot-files",
            lambda: boot.boot_file_facts(
                host.boot_paths, modes, host.options.pv_bootloader
            ),
            judge.boot.files,
            judge.boot.pygrub,
        )
        check(
            "device-model",
            lambda: boot.device_model_facts(host.device_model_paths),
            judge.programs.device_model,
        )
        check("programs", self._programs, judge.programs.programs)
        check(
            "injection",
            lambda: appliance.appliance_facts(
                host.options.inject_partition,
                host.injection.cache_dir or default_cache(),
                places,
            ),
            judge.injection.injection,
        )
        check(
            "console-log",
            lambda: console.console_facts(places),
            judge.console.console,
        )
        check(
            "bridges",
            lambda: network.network_facts(host.options.vif_script, places),
            judge.network.bridges,
            judge.network.scripts,
        )

    def _programs(self) -> ProgramFacts:
        wanted = judge.programs.ALWAYS
        if self.host.options.config_drive_format is ConfigDriveFormat.VFAT:
            wanted += judge.programs.VFAT
        return programs.program_facts(wanted)

    def _migrations(self) -> None:
        facts = self.doctor.check(
            "migration-uri",
            self._transport,
            judge.transport.address,
            judge.transport.programs,
            judge.transport.ports,
            judge.transport.arrivals,
        )
        if facts is not None and (pki := facts.pki) is not None:
            self.doctor.check(
                "certificates", lambda: pki, judge.certificates.certificates
            )

    def _transport(self) -> TransportFacts:
        uri, why, options = "", "", MigrationOptions()
        try:
            options = config.migration_options(self.conf)
            uri = destination_uri(options, OTHER_HOST)
        except exceptions.InvalidConfig as error:
            why = str(error.context["why"])
        return transport.transport_facts(uri, why, options.peer_command, self.places)

    def _keeping(self, unsettled: Unsettled) -> None:
        """Folders, the clock, and what is left in them by who died."""
        check = self.doctor.check
        instances = self.host.options.instances_path
        check(
            "instances-path",
            self._folder("instances_path", instances),
            judge.storage.servers,
        )
        check(
            "migration-state",
            self._folder(
                "[xen] migration_state_path", self.conf.xen.migration_state_path
            ),
            judge.storage.migrations,
        )
        check("clock", clock.clock_facts, judge.clock.clock)
        check("unsettled", unsettled, judge.leftovers.migrations)
        check(
            "unfinished",
            lambda: LeftoverFacts(folders=list_unfinished(instances)),
            judge.leftovers.folders,
        )

    def _folder(self, option: str, path: str) -> Callable[[], FolderFacts]:
        return functools.partial(folders.folder_facts, option, path, self.places)


def _guest_types(told: XenFacts, facts: HostFacts | None) -> GuestTypeFacts:
    caps = (told.info or {}).get("virt_caps")
    return GuestTypeFacts(
        modes=None if facts is None else frozenset(facts.modes),
        virt_caps=None if caps is None else tuple(caps.split()),
    )
