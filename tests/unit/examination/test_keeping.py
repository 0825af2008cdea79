# SPDX-License-Identifier: Apache-2.0
"""Folders and mounts, ports, certificates and the clock, looked at."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nova_xen.examination import certificates, clock, folders, transport
from nova_xen.examination.places import Places
from nova_xen.model.certificates import PkiFile, Unfit, UnfitFiles
from nova_xen.model.doctor import MountFacts
from unit.examination.conftest import Put

Make = Callable[[str, str], str]


@pytest.mark.parametrize(
    ("line", "mount"),
    [
        (
            "36 35 98:0 /mnt1 /srv rw,noatime master:1 - nfs4 filer:/vms "
            "rw,vers=4.2,soft,local_lock=none",
            MountFacts(
                point="/srv",
                source="filer:/vms",
                kind="nfs4",
                options=frozenset(
                    {"rw", "noatime", "vers=4.2", "soft", "local_lock=none"}
                ),
            ),
        ),
        (
            r"36 35 98:0 / /a\040b\134c rw - ext4 /dev/sda1 rw",
            MountFacts(
                point="/a b\\c",
                source="/dev/sda1",
                kind="ext4",
                options=frozenset({"rw"}),
            ),
        ),
        ("", None),
        ("nonsense - x", None),
        ("36 35 98:0 / /srv rw", None),
    ],
)
def test_a_line_of_mountinfo(line: str, mount: MountFacts | None) -> None:
    assert folders.parse_mount(line) == mount


def mounts(put: Put, *points: tuple[str, str]) -> None:
    lines = [f"1 2 3:4 / {point} rw - {kind} dev rw" for point, kind in points]
    put(folders.MOUNTS, "\n".join(["garbage", *lines, ""]))


@pytest.mark.parametrize(
    ("points", "kind"),
    [
        ([], None),
        ([("/", "ext4")], "ext4"),
        ([("/", "ext4"), ("{}/srv", "nfs4")], "nfs4"),
        ([("{}/srv", "nfs4"), ("/", "ext4")], "nfs4"),
        ([("{}/srv", "nfs4"), ("{}/srv", "xfs")], "xfs"),
        ([("/", "ext4"), ("{}/sr", "nfs4"), ("{}/srv/other", "xfs")], "ext4"),
    ],
)
def test_on_what_a_folder_is(
    places: Places,
    put: Put,
    tmp_path: Path,
    points: list[tuple[str, str]],
    kind: str | None,
) -> None:
    (tmp_path / "srv").mkdir()
    (tmp_path / "link").symlink_to("srv")
    mounts(put, *((point.format(tmp_path), kind) for point, kind in points))
    for name in ("srv", "srv/to/be/made", "link"):
        facts = folders.folder_facts("an option", str(tmp_path / name), places)
        assert (facts.mount and facts.mount.kind) == kind


def test_a_folder_that_is_there_and_one_to_be_made(
    places: Places, tmp_path: Path
) -> None:
    here = folders.folder_facts("o", str(tmp_path), places)
    assert here.exists
    assert (here.folder, here.writable, here.mount) == (True, True, None)
    assert here.free
    made = folders.folder_facts("o", f"{tmp_path}/a/b", places)
    assert (made.exists, made.nearest, made.folder) == (False, str(tmp_path), True)
    assert not (tmp_path / "a").exists()


def test_a_file_in_the_way(places: Places, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    facts = folders.folder_facts("o", f"{tmp_path}/file/below", places)
    assert (facts.nearest, facts.folder) == (f"{tmp_path}/file", False)


def test_a_link_that_leads_nowhere(places: Places, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    facts = folders.folder_facts("o", f"{tmp_path}/link", places)
    assert not facts.folder
    assert facts.free is None


TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   1: 0100007F:4082 0100007F:0016 01 00000000:00000000 00:00000000 00000000     0
   2: nonsense
   3: 00000000:ZZZZ 00000000:0000 0A
"""


def test_ports_on_which_somebody_listens(places: Places, put: Put) -> None:
    assert transport.listening(places) is None
    put("/proc/net/tcp", TCP)
    assert transport.listening(places) == frozenset({22})
    row = "   0: " + "0" * 32 + ":4082 " + "0" * 32 + ":0000 0A 0\n"
    put("/proc/net/tcp6", f"head\n{row}")
    assert transport.listening(places) == frozenset({22, 16514})


def test_a_transport_by_ssh(
    places: Places, put: Put, program: Make, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    put(
        "/etc/libvirt/libxl.conf",
        "#migration_port_max = 1\n  migration_port_min = 50000 \nautoballoon = 0\n",
    )
    facts = transport.transport_facts("xen+ssh://HOST/system", "", ("rsh", "x"), places)
    assert [each.name for each in facts.programs.programs] == ["rsh", "ssh"]
    assert facts.settings == ("migration_port_min = 50000",)
    assert facts.pki is None


def test_no_transport(places: Places) -> None:
    facts = transport.transport_facts("", "an option is wrong", (), places)
    assert (facts.programs.programs, facts.pki) == ((), None)
    assert facts.why == "an option is wrong"


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def authority(path: Path, key: Path, days: int) -> None:
    """A certificate that is signed by itself, and its key."""
    for file in (path, key):
        file.parent.mkdir(parents=True, exist_ok=True)
    openssl(
        *("req", "-x509", *KEY, "-subj", "/CN=an authority", "-days", str(days)),
        *("-out", str(path), "-keyout", str(key)),
    )


def certificate(
    pair: tuple[Path, Path],
    signer: tuple[Path, Path],
    days: int,
    name: str = "xen1",
    extension: str = "",
) -> None:
    """A certificate and its key, signed by the authority ``signer``."""
    for file in pair:
        file.parent.mkdir(parents=True, exist_ok=True)
    path, key = pair[0], str(pair[1])
    openssl("req", *KEY, "-subj", f"/CN={name}", "-out", f"{path}.csr", "-keyout", key)
    extensions = path.with_suffix(".ext")
    extensions.write_text(f"{extension}\n")
    openssl(
        *("x509", "-req", "-in", f"{path}.csr", "-out", str(path), "-days", str(days)),
        *("-CA", str(signer[0]), "-CAkey", str(signer[1]), "-CAcreateserial"),
        *("-extfile", str(extensions)),
    )


@pytest.fixture
def pki(places: Places) -> Places:
    """A host with certificates for ten days, and openssl to read them."""
    made = dataclasses.replace(places, openssl="openssl")
    signer = (made.at(certificates.CA), made.root / "ca.key")
    authority(*signer, 20)
    for cert, key in (certificates.SERVER, certificates.CLIENT):
        certificate((made.at(cert), made.at(key)), signer, 10)
    return made


TLS = "xen+tls://HOST/system"
ALL = (certificates.CA, *certificates.SERVER, *certificates.CLIENT)


def test_certificates(pki: Places) -> None:
    facts = certificates.pki_facts(TLS, pki)
    files = {file.path: file for file in facts.files}
    assert set(files) == {str(pki.at(path)) for path in ALL}
    assert all(each.exists and not each.why + each.unknown for each in facts.files)
    days = {
        path: round(((files[str(pki.at(path))].expires or 0) - facts.now) / 86400, 1)
        for path in ALL
        if not path.endswith("key.pem")
    }
    assert days == {
        certificates.CA: 20.0,
        certificates.SERVER[0]: 10.0,
        certificates.CLIENT[0]: 10.0,
    }
    assert facts.unfit == ()


def test_a_key_of_another_certificate(pki: Places) -> None:
    key, other = pki.at(certificates.SERVER[1]), pki.at(certificates.CLIENT[1])
    key.write_bytes(other.read_bytes())
    server = str(pki.at(certificates.SERVER[0]))
    assert certificates.pki_facts(TLS, pki).unfit == (
        UnfitFiles(Unfit.OTHER_KEY, server, str(key)),
    )


def test_a_certificate_of_another_authority(pki: Places) -> None:
    other = (pki.root / "other.pem", pki.root / "other.key")
    authority(*other, 20)
    cert, key = map(pki.at, certificates.CLIENT)
    certificate((cert, key), other, 10)
    assert certificates.pki_facts(TLS, pki).unfit == (
        UnfitFiles(Unfit.OTHER_AUTHORITY, str(cert), str(pki.at(certificates.CA))),
    )


def test_an_authority_that_another_has_signed(pki: Places) -> None:
    """It stands alone in the file of authorities, as GnuTLS takes it."""
    above = (pki.root / "above.pem", pki.root / "above.key")
    authority(*above, 20)
    signer = (pki.at(certificates.CA), pki.root / "ca.key")
    certificate(signer, above, 20, "below", "basicConstraints=critical,CA:TRUE")
    for cert, key in (certificates.SERVER, certificates.CLIENT):
        certificate((pki.at(cert), pki.at(key)), signer, 10)
    assert certificates.pki_facts(TLS, pki).unfit == ()


def test_one_that_expired_is_still_of_its_authority(pki: Places) -> None:
    """That it expired is told, and only that."""
    signer = (pki.at(certificates.CA), pki.root / "ca.key")
    cert, key = map(pki.at, certificates.SERVER)
    certificate((cert, key), signer, 0)
    facts = certificates.pki_facts(TLS, pki, clock=lambda: time.time() + 5)
    assert facts.unfit == ()
    assert (of(facts.files, cert).expires or 0) < facts.now


def not_understood(pki: Places, pair: tuple[str, str]) -> tuple[UnfitFiles, ...]:
    cert, key = (str(pki.at(path)) for path in pair)
    return (UnfitFiles(Unfit.NOT_UNDERSTOOD, cert, key),)


def test_garbage_for_a_key(pki: Places) -> None:
    pki.at(certificates.CLIENT[1]).write_text("no key\n")
    found = certificates.pki_facts(TLS, pki).unfit
    assert found == not_understood(pki, certificates.CLIENT)


def test_a_key_with_a_password_asks_nobody(pki: Places) -> None:
    key = str(pki.at(certificates.SERVER[1]))
    openssl("ec", "-aes128", "-passout", "pass:x", "-in", key, "-out", f"{key}.new")
    os.rename(f"{key}.new", key)
    found = certificates.pki_facts(TLS, pki).unfit
    assert found == not_understood(pki, certificates.SERVER)


def of(facts: tuple[PkiFile, ...], path: Path) -> PkiFile:
    return next(each for each in facts if each.path == str(path))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (None, "openssl cannot be run: No such file or directory"),
        ("exec sleep 600", "openssl gave no answer within 0.3 s"),
        ("exit 1", "openssl does not take it for a certificate"),
        ("echo notAfter=nonsense", "openssl does not take it for a certificate"),
    ],
)
def test_an_openssl_that_does_not_tell(
    pki: Places,
    program: Make,
    monkeypatch: pytest.MonkeyPatch,
    script: str | None,
    why: str,
) -> None:
    monkeypatch.setattr(certificates, "TIMEOUT", 0.3)
    tool = "no-such-program" if script is None else program("openssl", script)
    facts = certificates.pki_facts(TLS, dataclasses.replace(pki, openssl=tool))
    ca = of(facts.files, pki.at(certificates.CA))
    assert ca.expires is None
    assert ca.unknown.startswith(why)


def test_no_certificates(places: Places) -> None:
    facts = certificates.pki_facts(TLS, places)
    assert {each.path for each in facts.files} == {str(places.at(p)) for p in ALL}
    assert facts.files == tuple(
        PkiFile(path=each.path, exists=False) for each in facts.files
    )


@pytest.mark.parametrize(
    ("uid", "why", "unknown"),
    [(0, "Permission denied", ""), (1000, "", "Permission denied")],
)
def test_one_that_root_alone_may_read(
    pki: Places, monkeypatch: pytest.MonkeyPatch, uid: int, why: str, unknown: str
) -> None:
    """libvirt is root; what another user sees of it is no fault."""
    real, cert = Path.read_bytes, pki.at(certificates.SERVER[0])

    def read(path: Path) -> bytes:
        if path == cert:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    facts = certificates.pki_facts(TLS, pki)
    assert of(facts.files, cert) == PkiFile(path=str(cert), why=why, unknown=unknown)
    assert facts.unfit == ()


def test_one_that_cannot_be_read(pki: Places) -> None:
    path = pki.at(certificates.SERVER[1])
    path.unlink()
    path.mkdir()
    key = of(certificates.pki_facts(TLS, pki).files, path)
    assert (key.exists, key.why) == (True, "Is a directory")


def test_certificates_in_other_places(places: Places, put: Put) -> None:
    put(
        certificates.LIBVIRTD_CONF,
        '#ca_file = "/no"\ncert_file = "/a/cert"\nkey_file="/a/key"\n'
        'ca_file = "/a/ca"\n',
    )
    facts = certificates.pki_facts(f"{TLS}?pkipath=/b", places)
    assert [each.path for each in facts.files] == [
        *("/a/ca", "/b/cacert.pem", "/a/cert", "/b/clientcert.pem"),
        *("/a/key", "/b/clientkey.pem"),
    ]


@pytest.mark.parametrize(
    ("state", "status", "synchronised"),
    [
        (0, 0, True),
        (1, 0x2001, True),
        (clock.TIME_ERROR, 0, False),
        (0, clock.STA_UNSYNC, False),
        (clock.TIME_ERROR, clock.STA_UNSYNC, False),
    ],
)
def test_a_clock(state: int, status: int, synchronised: bool) -> None:
    assert clock.is_synchronised(state, status) is synchronised


def test_the_clock_of_this_machine_is_asked() -> None:
    facts = clock.clock_facts()
    assert facts.synchronised is not None or facts.why
