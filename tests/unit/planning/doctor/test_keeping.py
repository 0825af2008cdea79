# SPDX-License-Identifier: Apache-2.0
"""Migrations, folders, the clock, leftovers: each finding, with and without it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from nova_xen.model import GIB, MIB
from nova_xen.model.certificates import PkiFacts, PkiFile, Unfit, UnfitFiles
from nova_xen.model.doctor import (
    ClockFacts,
    Finding,
    FolderFacts,
    LeftoverFacts,
    MountFacts,
    Program,
    ProgramFacts,
    TransportFacts,
)
from nova_xen.planning.doctor import (
    certificates,
    clock,
    leftovers,
    storage,
    transport,
)
from nova_xen.planning.doctor.words import advice, ok, problem

NOTHING = ProgramFacts(programs=(), found={})
TLS = TransportFacts(
    uri="xen+tls://HOST/system",
    libxl_conf="/etc/libvirt/libxl.conf",
    programs=NOTHING,
    listening=frozenset({22, 16514}),
)


def by(uri: str, **changes: Any) -> TransportFacts:
    return dataclasses.replace(TLS, uri=uri, **changes)


@pytest.mark.parametrize(
    ("uri", "kind", "port"),
    [
        ("xen+tls://HOST/system", "tls", 16514),
        ("xen://HOST/system", "tls", 16514),
        ("xen+tls://HOST:1234/system?pkipath=/srv", "tls", 1234),
        ("xen+tcp://HOST/system", "tcp", 16509),
        ("xen+tcp://a@HOST:77/system", "tcp", 77),
        ("xen+ssh://root@HOST:2222/system", "ssh", None),
        ("xen:///system", "", None),
        ("", "", None),
    ],
)
def test_how_another_host_is_reached(uri: str, kind: str, port: int | None) -> None:
    assert transport.scheme(uri) == kind
    assert transport.own_port(uri) == port


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (TLS, ok("migration-uri", "Servers migrate to xen+tls://HOST/system.")),
        (
            by("", why="[xen] migration_peer_command is empty"),
            problem(
                "migration-uri",
                "Servers cannot migrate: [xen] migration_peer_command is empty.",
                "Correct that option.",
            ),
        ),
        (
            by("xen+tcp://HOST/system"),
            advice(
                "migration-uri",
                "The connection to other hosts (xen+tcp://HOST/system) is not "
                "encrypted and asks nobody who he is: whoever reaches that port rules "
                "all guests there.",
                "Set the option [libvirt] live_migration_scheme to tls or ssh.",
            ),
        ),
    ],
)
def test_the_address_of_another_host(facts: TransportFacts, found: Finding) -> None:
    assert list(transport.address(facts)) == [found]


@pytest.mark.parametrize(
    ("program", "there", "found"),
    [
        ("ssh", True, ok("migration-programs", "/usr/bin/ssh is there.")),
        (
            "ssh",
            False,
            problem(
                "migration-programs",
                "ssh is not on this host: servers cannot migrate.",
                "Install it (apt install openssh-client), or correct the option [xen] "
                "migration_peer_command.",
            ),
        ),
        (
            "rsh",
            False,
            problem(
                "migration-programs",
                "rsh is not on this host: servers cannot migrate.",
                "Install it, or correct the option [xen] migration_peer_command.",
            ),
        ),
    ],
)
def test_what_is_started_for_the_other_host(
    program: str, there: bool, found: Finding
) -> None:
    package = "openssh-client" if program == "ssh" else ""
    programs = ProgramFacts(
        programs=(Program(program, package, "servers cannot migrate"),),
        found={program: f"/usr/bin/{program}"} if there else {},
    )
    assert list(transport.programs(by(TLS.uri, programs=programs))) == [found]


PORTS = range(49152, 49217)


@pytest.mark.parametrize(
    ("listening", "settings", "found"),
    [
        (
            {22},
            (),
            [
                ok(
                    "migration-ports",
                    "Of the ports 49152 to 49216, by which memory arrives, 65 are "
                    "free.",
                )
            ],
        ),
        (
            {22, 49151, 49152, 49216, 49217},
            (),
            [
                ok(
                    "migration-ports",
                    "Of the ports 49152 to 49216, by which memory arrives, 63 are "
                    "free.",
                )
            ],
        ),
        (
            set(PORTS),
            (),
            [
                problem(
                    "migration-ports",
                    "Other programs listen on all of the ports 49152 to 49216: no "
                    "server can arrive.",
                    "See who does (ss -tlnp) and have them listen elsewhere.",
                )
            ],
        ),
        (
            None,
            ("migration_port_min = 50000",),
            [
                advice(
                    "migration-ports",
                    "/etc/libvirt/libxl.conf says 'migration_port_min = 50000', which "
                    "libvirt's libxl driver passes over: memory arrives by the ports "
                    "49152 to 49216.",
                    "Remove the line, and let those ports through the firewall.",
                )
            ],
        ),
    ],
)
def test_ports_of_memory(
    listening: set[int] | None, settings: tuple[str, ...], found: list[Finding]
) -> None:
    heard = None if listening is None else frozenset(listening)
    facts = by(TLS.uri, listening=heard, settings=settings)
    assert list(transport.ports(facts)) == found


NOW = 1_800_000_000.0
DAY = 24 * 3600
CA, CERT, KEY = "/pki/cacert.pem", "/pki/servercert.pem", "/pki/serverkey.pem"
VALID = NOW + 100 * DAY
FILES = (
    PkiFile(path=CA, expires=NOW + 1000 * DAY),
    PkiFile(path=CERT, expires=VALID),
    PkiFile(path=KEY),
)
NONE = PkiFacts(files=(PkiFile(path=CA, exists=False),), now=NOW)


@pytest.mark.parametrize(
    ("uri", "changes", "severity"),
    [
        ("xen+tls://HOST/system", {}, "ok"),
        ("xen+tcp://HOST/system", {}, "advice"),
        ("xen+tcp://HOST:22/system", {}, "ok"),
        ("xen+tls://HOST/system", {"listening": None}, None),
        ("xen+tls://HOST/system", {"listening": frozenset(), "pki": NONE}, None),
        ("xen+ssh://HOST/system", {"listening": frozenset()}, None),
        ("", {}, None),
    ],
)
def test_who_listens(uri: str, changes: dict[str, Any], severity: str | None) -> None:
    found = [each.severity.value for each in transport.arrivals(by(uri, **changes))]
    assert found == ([severity] if severity else [])


def test_nobody_listens() -> None:
    (found,) = transport.arrivals(by(TLS.uri, listening=frozenset({22})))
    assert found == advice(
        "migration-listener",
        "Nobody listens on port 16514, where other hosts look for this host's libvirt "
        "(xen+tls://HOST/system): servers can leave and not arrive.",
        "Have systemd listen (systemctl enable --now libvirtd-tls.socket).",
    )


MAKE = "make them as https://libvirt.org/kbase/tlscerts.html tells"


def pki(
    place: int = 0, *, unfit: tuple[UnfitFiles, ...] = (), **changes: Any
) -> PkiFacts:
    files = list(FILES)
    files[place] = dataclasses.replace(files[place], **changes)
    return PkiFacts(files=tuple(files), now=NOW, unfit=unfit)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (
            pki(),
            ok(
                "certificates",
                "libvirt's certificates and keys can be read and are valid for 100 "
                "days.",
            ),
        ),
        (
            PkiFacts(
                files=tuple(PkiFile(path=each, exists=False) for each in (CA, CERT)),
                now=NOW,
            ),
            advice(
                "certificates",
                f"Servers cannot migrate by TLS: there is none of {CA} and {CERT}.",
                f"If servers shall migrate, {MAKE}, or set the option [libvirt] "
                "live_migration_scheme to ssh.",
            ),
        ),
        (
            pki(2, exists=False),
            problem(
                "certificates",
                f"{KEY} is not there: servers cannot migrate by TLS.",
                f"Complete the certificates: {MAKE}.",
            ),
        ),
        (
            pki(2, why="Permission denied"),
            problem(
                "certificates",
                f"{KEY} cannot be read: Permission denied.",
                "See to the file and its permissions (libvirt reads it as root).",
            ),
        ),
        (
            pki(2, unknown="Permission denied"),
            advice(
                "certificates",
                f"Whether {KEY} is in order is not known: Permission denied.",
                "Look at it as root.",
            ),
        ),
        (
            pki(1, expires=NOW),
            problem(
                "certificates",
                f"{CERT} expired at 2027-01-15 08:00 UTC: servers cannot migrate by "
                "TLS.",
                f"Make a new one: {MAKE}.",
            ),
        ),
        (
            pki(1, expires=NOW + 30 * DAY - 1),
            advice(
                "certificates",
                f"{CERT} expires in 29 days, at 2027-02-14 07:59 UTC; then servers "
                "cannot migrate by TLS.",
                f"Make a new one: {MAKE}.",
            ),
        ),
        (
            pki(1, expires=NOW + 1.5 * DAY),
            advice(
                "certificates",
                f"{CERT} expires in 1 day, at 2027-01-16 20:00 UTC; then servers "
                "cannot migrate by TLS.",
                f"Make a new one: {MAKE}.",
            ),
        ),
        (
            pki(1, expires=NOW + 30 * DAY),
            ok(
                "certificates",
                "libvirt's certificates and keys can be read and are valid for 30 "
                "days.",
            ),
        ),
        *(
            (
                pki(unfit=(UnfitFiles(why, CERT, "/pki/other.pem"),)),
                problem(
                    "certificates",
                    f"The certificate {CERT} {words}: servers cannot migrate by TLS.",
                    f"Put those there that belong together, or {MAKE}.",
                ),
            )
            for why, words in (
                (Unfit.OTHER_KEY, "is not that of the key /pki/other.pem"),
                (
                    Unfit.OTHER_AUTHORITY,
                    "was not signed by the authority /pki/other.pem",
                ),
                (
                    Unfit.NOT_UNDERSTOOD,
                    "and the key /pki/other.pem are not understood",
                ),
            )
        ),
    ],
)
def test_certificates(facts: PkiFacts, found: Finding) -> None:
    assert list(certificates.certificates(facts)) == [found]


EXT4 = MountFacts(point="/", source="/dev/sda1", kind="ext4", options=frozenset({"rw"}))
SERVERS = FolderFacts(
    option="instances_path",
    path="/srv/instances",
    nearest="/srv/instances",
    free=100 * GIB,
    mount=EXT4,
)


def folder(**changes: Any) -> FolderFacts:
    return dataclasses.replace(SERVERS, **changes)


def nfs(*options: str, **changes: Any) -> FolderFacts:
    mount = MountFacts(
        point="/srv",
        source="filer:/vms",
        kind="nfs4",
        options=frozenset({"rw", *options}),
    )
    return folder(mount=mount, **changes)


FREE = "Free some space, or set the option instances_path to a larger disk."
ROOT = "Run this as root, and see that the file system is not mounted read-only."


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (
            folder(),
            ok(
                "instances-path", "/srv/instances has 100.0 GiB free (ext4, /dev/sda1)."
            ),
        ),
        (
            folder(nearest="/srv", free=None, mount=None),
            ok("instances-path", "/srv/instances can be used."),
        ),
        (
            nfs("hard"),
            ok(
                "instances-path",
                "/srv/instances has 100.0 GiB free (nfs4, filer:/vms).",
            ),
        ),
        (
            folder(nearest="/srv", folder=False),
            problem(
                "instances-path",
                "/srv is no folder, and the option instances_path is /srv/instances.",
                "Move it away, or correct the option instances_path.",
            ),
        ),
        (
            folder(writable=False),
            problem(
                "instances-path",
                "/srv/instances cannot be written to by this user.",
                ROOT,
            ),
        ),
        (
            folder(nearest="/srv", writable=False),
            problem(
                "instances-path",
                "/srv/instances cannot be made in /srv by this user.",
                ROOT,
            ),
        ),
        (
            folder(free=5 * GIB - 1),
            advice(
                "instances-path",
                "/srv/instances has 5.0 GiB free (ext4, /dev/sda1); 5.0 GiB or more "
                "are advised.",
                FREE,
            ),
        ),
        (
            folder(free=5 * GIB),
            ok("instances-path", "/srv/instances has 5.0 GiB free (ext4, /dev/sda1)."),
        ),
        (
            folder(free=100 * MIB, mount=None),
            advice(
                "instances-path",
                "/srv/instances has 100 MiB free; 5.0 GiB or more are advised.",
                FREE,
            ),
        ),
        (
            folder(free=100 * MIB - 1, mount=None),
            problem(
                "instances-path",
                "/srv/instances has 99 MiB free, less than 100 MiB.",
                FREE,
            ),
        ),
        *(
            (
                nfs(option),
                advice(
                    "instances-path",
                    f"/srv/instances is on NFS (filer:/vms), mounted {option}: when "
                    "the NFS server is away for a while, guests lose what they have "
                    "written.",
                    "Mount /srv with the option hard.",
                ),
            )
            for option in ("soft", "softerr")
        ),
        *(
            (
                nfs(option),
                advice(
                    "instances-path",
                    f"/srv/instances is on NFS (filer:/vms), mounted {option}: locks "
                    "hold on this host alone, and two hosts may work on the same image "
                    "at once.",
                    "Mount /srv without that option.",
                ),
            )
            for option in ("nolock", "local_lock=all", "local_lock=flock")
        ),
    ],
)
def test_the_folder_of_servers(facts: FolderFacts, found: Finding) -> None:
    assert list(storage.servers(facts)) == [found]


def test_several_faults_of_a_folder_are_told_at_once() -> None:
    found = storage.servers(nfs("soft", "nolock", free=GIB))
    assert [each.sentence.split(" (")[0] for each in found] == [
        "/srv/instances has 1.0 GiB free",
        "/srv/instances is on NFS",
        "/srv/instances is on NFS",
    ]


def state(kind: str = "ext4", **changes: Any) -> FolderFacts:
    return folder(
        option="[xen] migration_state_path",
        path="/var/m",
        nearest="/var/m",
        mount=dataclasses.replace(EXT4, kind=kind),
        **{"free": GIB, **changes},
    )


ELSEWHERE = (
    "Set the option [xen] migration_state_path to a folder on a disk of this host."
)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (state(), ok("migration-state", "/var/m has 1.0 GiB free (ext4, /dev/sda1).")),
        (
            dataclasses.replace(state(), mount=None),
            ok("migration-state", "/var/m has 1.0 GiB free."),
        ),
        (
            state(free=50 * MIB),
            advice(
                "migration-state",
                "/var/m has 50 MiB free (ext4, /dev/sda1); 100 MiB or more are "
                "advised.",
                "Free some space, or set the option [xen] migration_state_path to a "
                "larger disk.",
            ),
        ),
        (
            state("nfs4"),
            problem(
                "migration-state",
                "/var/m is on nfs4 (/dev/sda1), which another host may have too, and "
                "each needs journals of its own.",
                ELSEWHERE,
            ),
        ),
        (
            state("tmpfs"),
            problem(
                "migration-state",
                "/var/m is on tmpfs, which is empty after a reboot: nobody knows then "
                "which host has a server.",
                ELSEWHERE,
            ),
        ),
    ],
)
def test_the_folder_of_migrations(facts: FolderFacts, found: Finding) -> None:
    assert list(storage.migrations(facts)) == [found]


@pytest.mark.parametrize("kind", ["fuse.sshfs", "gfs2", "gpfs", "lustre", "glusterfs"])
def test_journals_that_another_host_has_too(kind: str) -> None:
    (found,) = storage.migrations(state(kind))
    assert f"on {kind} (/dev/sda1), which another host may have too" in found.sentence


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (ClockFacts(synchronised=True), ok("clock", "The clock is synchronised.")),
        (
            ClockFacts(synchronised=False),
            advice(
                "clock",
                "The clock is not synchronised: the time of a server jumps when it "
                "migrates, and 5 s apart no server migrates.",
                "Keep it by NTP (apt install chrony).",
            ),
        ),
        (
            ClockFacts(synchronised=None, why="Operation not permitted"),
            advice(
                "clock",
                "Whether the clock is synchronised is not known: Operation not "
                "permitted.",
                "Ask timedatectl.",
            ),
        ),
    ],
)
def test_the_clock(facts: ClockFacts, found: Finding) -> None:
    assert list(clock.clock(facts)) == [found]


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (LeftoverFacts(), [ok("unsettled", "No migration was cut short.")]),
        (
            LeftoverFacts(migrations=("web1", "web2")),
            [
                problem(
                    "unsettled",
                    "Migrations of 2 servers were cut short: web1 and web2.",
                    "Run 'nova-xen migration recover'.",
                )
            ],
        ),
        (
            LeftoverFacts(migrations=("web1",), unreadable=("A file is no journal.",)),
            [
                problem(
                    "unsettled",
                    "A file is no journal.",
                    "Do what it says; nothing else can.",
                ),
                problem(
                    "unsettled",
                    "Migrations of 1 server were cut short: web1.",
                    "Run 'nova-xen migration recover'.",
                ),
            ],
        ),
    ],
)
def test_migrations_that_were_cut_short(
    facts: LeftoverFacts, found: list[Finding]
) -> None:
    assert list(leftovers.migrations(facts)) == found


def test_servers_that_are_not_whole() -> None:
    assert list(leftovers.folders(LeftoverFacts())) == [
        ok("unfinished", "No server is half made.")
    ]
    uuid = "5a1e2d3c-0000-4000-8000-000000000001"
    assert list(leftovers.folders(LeftoverFacts(folders=(uuid,)))) == [
        advice(
            "unfinished",
            f"1 server is half made or half removed: {uuid}.",
            "Make or delete a server: 'nova-xen server create' and 'delete' remove "
            "what is left of these.",
        )
    ]
