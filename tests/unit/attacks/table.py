# SPDX-License-Identifier: Apache-2.0
"""The table of attacks, for the tests and for the documentation: ``PYTHONPATH=src:tests
python -m unit.attacks.table`` writes its page."""

import dataclasses
import pathlib

from unit.attacks import imports, lying, moving, rewritten, sizes, volumes, writing
from unit.attacks.scene import Attack

ROOT = pathlib.Path(__file__).parents[3]
PAGE = ROOT / "doc" / "attacks.rst"
_TEST = "tests/unit/attacks/test_attacks.py::test_the_attack_finds_nothing"
_TRACED = (
    "tests/unit/images/test_traced.py::"
    "test_no_file_is_opened_but_the_image_and_the_servers_own"
)
_VOLUMES = "tests/unit/attacks/test_volumes.py::"
_TRAPS = "tests/appliance/test_traps.py::"
_DOCUMENT = "tests/unit/planning/migration/test_document.py::"
_PEER = "tests/unit/migration/peer/"
_IN_AN_APPLIANCE = (
    f"{_TRAPS}test_a_trap_is_refused",
    f"{_TRAPS}test_what_is_written_is_that_file_alone",
)


@dataclasses.dataclass(frozen=True)
class Row:
    """What was attacked, how, and what happens here; ``beside`` are other tests."""

    cve: str
    what: str
    here: str
    attack: Attack
    beside: tuple[str, ...] = ()

    @property
    def tests(self) -> tuple[str, ...]:
        """The ids of the tests that make this attack."""
        return (f"{_TEST}[{self.cve}]", *self.beside)


ROWS = (
    Row(
        "CVE-2012-3360",
        "a file to be injected whose path leads out of the guest with ``..``",
        "refused when it is planned, and once more by what would write it",
        writing.dot_dot,
    ),
    Row(
        "CVE-2012-3361",
        "links on the guest's disk lead injected files into the host",
        "written inside libguestfs's machine, where the host has no files; a link in "
        "place of a file is replaced, and one that leads out of the guest refused",
        writing.links,
        _IN_AN_APPLIANCE,
    ),
    Row(
        "CVE-2012-3447",
        "the same in folders that only root may read, where no check saw them",
        "the same: root looks, at each part of a path, and at what is read as well",
        writing.links_that_root_alone_sees,
        _IN_AN_APPLIANCE,
    ),
    Row(
        "CVE-2013-1922",
        "a guest writes a qcow2 header onto its raw disk; the format is guessed",
        "the format is decided once, and libvirt and libguestfs are told it; a raw "
        "disk stays raw however its server is started again",
        rewritten.format_when_started_again,
        (
            f"{_TRAPS}test_a_raw_disk_with_a_header_in_it_stays_raw",
            f"{_VOLUMES}test_what_a_guest_writes_into_its_volume_stays_raw",
        ),
    ),
    Row(
        "CVE-2013-2096",
        "a small qcow2 image with a huge disk fills the host",
        "refused by the flavor before anything is written, and before more than the "
        "first MiB is fetched",
        sizes.small_file,
    ),
    Row(
        "CVE-2013-4463",
        "the same with a compressed image, unpacked into the cache before the check",
        "refused by the flavor before the cache has anything of it",
        sizes.compressed,
    ),
    Row(
        "CVE-2013-4469",
        "the same where disks are copies and no overlays",
        "refused by the flavor; where that gives no size, a disk that is to have all "
        "its space at once (``preallocate_images``) is refused before any is taken",
        sizes.copied,
    ),
    Row(
        "CVE-2014-0134",
        "rescue opens a raw disk that has become an overlay of a file of the host",
        "there is no rescue yet; started again, each disk is raw as it was recorded",
        rewritten.rescue,
    ),
    Row(
        "CVE-2015-5163",
        "an import converts an image with a backing file",
        "refused by its header, however it comes",
        imports.backing_file,
        (_TRACED, f"{_VOLUMES}test_volumes_that_name_a_file_of_the_host_are_refused"),
    ),
    Row(
        "CVE-2015-7548",
        "a snapshot of a raw disk that has become an overlay",
        "there is no snapshot yet; the cache, which looks whose disks lie upon it, "
        "opens nothing that a disk names, and as an image such a disk is refused",
        rewritten.snapshot,
    ),
    Row(
        "CVE-2016-2140",
        "the same when a server is resized or moved",
        "there is no resize yet; a migration copies and converts no disk: the other "
        "host has the same storage and is told the same formats",
        moving.resize_or_move,
    ),
    Row(
        "CVE-2020-17376",
        "after a live migration a reboot takes devices of the source's document",
        "one function makes both the running and the kept document for the "
        "destination; paths that lead elsewhere there are refused, by a proof that the "
        "storage is the same",
        moving.reboot_after_migration,
        (f"{_DOCUMENT}test_what_belongs_to_this_run_is_left_out",),
    ),
    Row(
        "CVE-2022-47951",
        "a VMDK descriptor that names a file of the host",
        "refused, however it is declared",
        imports.flat_vmdk,
        (_TRACED,),
    ),
    Row(
        "CVE-2023-2088",
        "a server keeps the device of a volume whose attachment was deleted, and has "
        "another's volume there later",
        "a volume is taken out of both documents, or told; while one of them has it, "
        "no other server is given what lies at its path; an emulated drive of it "
        "cannot be taken out of an HVM guest that runs, so that keeps it until it is "
        "off or has taken it by Xen's drivers, which unplug the drive: a guest that "
        "only feigns that reaches the file until it is off, so stop a server that is "
        "not trusted first",
        volumes.kept_device,
    ),
    Row(
        "CVE-2024-32498",
        "qcow2 that keeps its data in a file of the host",
        "refused by its header, however it comes",
        imports.data_file,
        (_TRACED, f"{_VOLUMES}test_volumes_that_name_a_file_of_the_host_are_refused"),
    ),
    Row(
        "CVE-2024-40767",
        "the same, and all of the above, declared as raw or as another format",
        "refused: the bytes must be what was declared; a volume that is declared raw "
        "is served raw, and what it names is not opened",
        imports.declared_as_another,
        (_TRACED, f"{_VOLUMES}test_one_that_is_declared_raw_is_raw"),
    ),
    Row(
        "CVE-2026-24708",
        "a raw disk whose header names a file of the host is grown with its format "
        "guessed, which destroys that file",
        "there is no resize yet; what would grow a disk, which nothing calls, takes "
        "it as raw, and as an image for a larger disk it is refused",
        rewritten.growth,
    ),
    Row(
        "files-by-proof",
        "a source asks the program at the destination for a file of that host, as a "
        "proof of shared storage",
        "read are files of a proof's name alone, no links, and only what looks like "
        "a token is told; of other paths it tells whether they are there",
        lying.proofs,
        (
            f"{_PEER}test_proof.py::test_other_files_are_refused_before_any_is_read",
            f"{_PEER}test_proof.py::test_what_is_no_token_is_not_told",
        ),
    ),
    Row(
        "host-as-option",
        "a destination that ssh takes for an option (``-oProxyCommand=``), typed or "
        "told by the other host",
        "refused before anything is started: a host is a name or an IP address",
        lying.option,
        (
            f"{_PEER}test_ssh.py::test_what_is_no_address_is_refused",
            "tests/unit/planning/migration/test_uris.py::test_what_is_no_address",
        ),
    ),
    Row(
        "lying-destination",
        "the other host answers with garbage, or claims to have the storage",
        "refused in one line that moves no cursor; the server runs on where it is",
        lying.answers,
        (f"{_PEER}test_ssh.py::test_what_is_no_peer_is_unreachable",),
    ),
)

HEAD = """\
=======
Attacks
=======

Ways by which images and servers got at a host, as they were found in Nova and around
it. Each is made again on every run of the unit tests, with a file of the host that the
attack is after, and by the driver's own operations on real images and disks; libvirt
alone is not real, and libguestfs where links of a guest's disk are tried, which
``tests/appliance`` does with a real one. The kernel tells (inotify) when any process
touches that file, and none may. ``tests/unit/images/test_traced.py`` has it tell that
no program on the way of an image opens any other file than its own.

Some of the attacks went through operations that are not there yet: rescue, snapshots,
resize. Their rows say so, and make the attack through what there is instead;
they fail as soon as the driver or the command has such an operation.

The last rows have no number: they are what a migration newly exposes. The program that
answers at the destination runs as root there and obeys whoever may log in as root, so
that it keeps out nobody who could not do worse; it must not do more than it is asked.

.. list-table::
   :header-rows: 1
   :widths: 15 25 30 30

   * - attack
     - what was done
     - what happens here
     - tests
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(map(_lines, ROWS))


def _lines(row: Row) -> str:
    tests = ",\n       ".join(f"``{test}``" for test in row.tests)
    cells = (row.cve, row.what, row.here, tests)
    return "   * - " + "\n     - ".join(cells) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
