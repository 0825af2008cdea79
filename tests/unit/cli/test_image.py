# SPDX-License-Identifier: Apache-2.0
import pathlib

import pytest

from nova_xen import exceptions
from nova_xen.cli import rows
from nova_xen.images.tools import qemu_img
from nova_xen.model import (
    CachedImage,
    CacheKind,
    Checksum,
    DiskFormat,
    Removal,
    Scrubbed,
    ScrubResult,
)
from unit.cli.stub import Cli, StubDriver, create

KEPT = CachedImage(
    kind=CacheKind.BASE,
    name="a.raw",
    path="/i/_base/a.raw",
    size=4096,
    last_used=0,
    source="/x\x1b[2J",
    checksum="sha256:0",
    users=("uuid",),
)


def test_inspect(cli: Cli, driver: StubDriver) -> None:
    ended = cli("image", "inspect", "/x", "--image-format", "qcow2", "-f", "json")
    assert ended.code == 0
    assert tuple(ended.json) == rows.IMAGE
    assert ended.json["virtual_size"] == 1024**2
    assert driver.calls == [("inspect_image", "/x", "qcow2")]


def test_list(cli: Cli, driver: StubDriver) -> None:
    driver.cache = (KEPT,)
    ended = cli("image", "cache", "list", "-f", "json")
    assert ended.json == [
        {
            "Kind": "base",
            "Name": "a.raw",
            "Size": 4096,
            "Last Used": "1970-01-01 00:00:00",
            "Busy": False,
            "Used By": ["uuid"],
            "Source": "'/x\\x1b[2J'",
            "Checksum": "sha256:0",
        }
    ]


@pytest.mark.parametrize("result", ScrubResult)
def test_scrub_fails_for_damage_alone(
    cli: Cli, driver: StubDriver, result: ScrubResult
) -> None:
    driver.scrubbed = (Scrubbed(KEPT, result), Scrubbed(KEPT, ScrubResult.INTACT))
    ended = cli("image", "cache", "scrub", "-f", "json")
    assert ended.code == (1 if "damaged" in result else 0)
    assert [row["Result"] for row in ended.json] == [result.value, "intact"]
    assert tuple(ended.json[0]) == rows.SCRUB


def test_scrub_tells_that_nothing_was_compared(cli: Cli, driver: StubDriver) -> None:
    recorded = Scrubbed(KEPT, ScrubResult.RECORDED)
    driver.scrubbed = (recorded, Scrubbed(KEPT, ScrubResult.INTACT), recorded)
    ended = cli("image", "cache", "scrub", "-f", "json")
    assert ended.code == 0
    assert ended.err == (
        "Warning: 2 of the images had no checksum, so that nothing could be compared; "
        "what they are now was recorded\n"
    )
    driver.scrubbed = (Scrubbed(KEPT, ScrubResult.INTACT),)
    assert cli("image", "cache", "scrub").err == ""


@pytest.mark.parametrize("argv", [(), ("--all",), ("--dry-run",)])
def test_prune(cli: Cli, driver: StubDriver, argv: tuple[str, ...]) -> None:
    driver.pruned = (Removal(KEPT, "unused for 30 h"),)
    ended = cli("image", "cache", "prune", *argv, "-f", "json")
    assert tuple(ended.json[0]) == rows.PRUNE
    assert ended.json[0]["Why"] == "unused for 30 h"
    expected = ("prune_image_cache", "--all" in argv, "--dry-run" in argv)
    assert driver.calls == [expected]


def test_a_failure_is_one_sentence(cli: Cli, driver: StubDriver) -> None:
    driver.errors["list_image_cache"] = exceptions.CacheFailed(
        folder="/i", action="listed", why="Permission denied"
    )
    ended = cli("image", "cache", "list")
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 1


def test_it_needs_no_libvirt(tmp_path: pathlib.Path) -> None:
    from nova_xen.cli.session import open_driver

    path, conf = tmp_path / "x", tmp_path / "conf"
    conf.write_text(f"[DEFAULT]\ninstances_path={tmp_path}/instances\n")
    qemu_img.create(str(path), DiskFormat.VHD, 1024**2, server="a")
    nowhere = "xen+unix:///system?socket=/nonexistent"
    cli = Cli(open_driver([str(conf)], nowhere))
    assert cli("image", "inspect", str(path), "-f", "json").json["format"] == "vhd"
    assert cli("image", "cache", "list", "-f", "json").json == []
    refused = cli("image", "inspect", str(path), "--image-format", "raw")
    assert (refused.code, refused.out) == (1, "")
    assert "its content is vhd" in refused.err
    for name, told in (("", "''"), (f"{path}/", f"{path}/")):
        refused = cli("image", "inspect", name)
        assert (refused.code, refused.out) == (1, "")
        assert refused.err.startswith(f"Image {told} is refused: that is ")
        assert refused.err.endswith("; give the path of an image.\n")


def test_the_checksum_is_passed_on(cli: Cli, driver: StubDriver) -> None:
    assert cli(*create("--image-checksum", "sha256:" + "0" * 64)).code == 0
    assert driver.request is not None
    assert driver.request.image_checksum == Checksum.of("sha256", "0" * 64)
    assert driver.fetched


@pytest.mark.parametrize("text", ["", "sha256", "md5:00", "sha256:0"])
def test_a_wrong_checksum_is_told(cli: Cli, driver: StubDriver, text: str) -> None:
    ended = cli(*create("--image-checksum", text))
    assert ended.code == 2
    assert "argument --image-checksum" in ended.err
    assert driver.calls == []


@pytest.mark.parametrize("argv", [["explain"], ["server", "create", "--dry-run"]])
def test_what_only_plans_fetches_nothing(
    cli: Cli, driver: StubDriver, argv: list[str]
) -> None:
    driver.fetched = True
    assert cli(*argv, *create()[2:]).code == 0
    assert not driver.fetched
