# SPDX-License-Identifier: Apache-2.0
import dataclasses
import hashlib
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from nova_xen import config, exceptions
from nova_xen.driver import LibvirtDriver
from nova_xen.model import GIB, MIB, Checksum, DiskFormat, Flavor, Image, ImageOptions
from nova_xen.operations.host import Host
from nova_xen.operations.image import declared_checksum, expected_checksum
from nova_xen.operations.request import CreateRequest
from unit.images.conftest import only_programs
from unit.web import Site, serving


@pytest.fixture
def site(image: str) -> Iterator[Site]:
    with serving(Site(pathlib.Path(image).read_bytes())) as site:
        yield site


@pytest.fixture
def driver(host: Host) -> LibvirtDriver:
    return LibvirtDriver(config.load(), host=host)


def ask(image: str, kernel: str, disk: int = 0, **changes: Any) -> CreateRequest:
    flavor = Flavor(vcpus=1, memory_mib=128, root_gib=disk)
    return CreateRequest(
        name="web", image=image, flavor=flavor, kernel=kernel, **changes
    )


def imports(instances: pathlib.Path) -> list[str]:
    folder = instances / "_imports"
    names = os.listdir(folder) if folder.is_dir() else []
    return [name for name in names if not name.endswith(".json")]


@pytest.mark.parametrize("cow", [False, True])
def test_a_disk_is_made_of_what_was_declared(
    host: Host, image: str, kernel: str, instances: pathlib.Path, cow: bool
) -> None:
    """Whatever happens to a file of a user's between the check and the copy."""
    options = dataclasses.replace(host.options, use_cow_images=cow)
    driver = LibvirtDriver(
        config.load(), host=dataclasses.replace(host, options=options)
    )
    file = pathlib.Path(image)
    declared = Checksum.of("sha256", hashlib.sha256(file.read_bytes()).hexdigest())
    plan = driver.plan(
        driver.build_instance(ask(image, kernel, image_checksum=declared))
    )
    file.write_bytes(file.read_bytes() + bytes(512))
    with pytest.raises(exceptions.ImageRejected, match="its checksum is"):
        driver.spawn(plan)
    left = [each for each in instances.rglob("*") if each.is_file()]
    assert [each for each in left if each.parent.name != "locks"] == []


def test_an_image_of_a_server_that_cannot_be_is_let_go(
    driver: LibvirtDriver, site: Site, kernel: str, instances: pathlib.Path
) -> None:
    """One without a version is kept for its server alone."""
    site.etag = ""
    request = ask(site.url + "/x", kernel, properties={"vm_mode": "uml"})
    instance = driver.build_instance(request)
    assert len(imports(instances)) == 1
    with pytest.raises(exceptions.NovaXenError):
        driver.plan(instance)
    assert imports(instances) == []


def test_a_server_from_a_url(
    driver: LibvirtDriver, site: Site, kernel: str, instances: pathlib.Path
) -> None:
    digest = hashlib.sha256(site.content).hexdigest()
    request = ask(site.url + "/x", kernel, image_checksum=Checksum.of("sha256", digest))
    told: list[str] = []
    instance = driver.build_instance(
        request, progress=lambda what, done: told.append(what)
    )
    assert instance.image.virtual_size == 4 * MIB
    assert instance.image.properties == {
        "os_hash_algo": "sha256",
        "os_hash_value": digest,
    }
    # not to be removed until the server has its disk
    assert driver.prune_image_cache(everything=True) == ()
    server = driver.spawn(driver.plan(instance))
    assert server.properties["os_hash_value"] == digest
    (gone,) = driver.prune_image_cache(everything=True)
    assert gone.image.source == site.url + "/x"
    (kept,) = driver.list_image_cache()
    assert kept.users == (server.uuid,)
    assert [each.damaged for each in driver.scrub_image_cache()] == [False]


def test_a_server_from_a_file_url(
    driver: LibvirtDriver, image: str, kernel: str
) -> None:
    instance = driver.build_instance(ask(f"file://{image}", kernel))
    assert instance.image.path == image


def test_planning_alone_fetches_nothing(
    driver: LibvirtDriver, site: Site, kernel: str, instances: pathlib.Path
) -> None:
    instance = driver.build_instance(
        ask(site.url + "/x?key=secret", kernel), fetch=False
    )
    plan = driver.plan(instance)
    assert plan.disks[0].size == 4 * MIB
    assert instance.image.disk_format is DiskFormat.QCOW2
    assert "secret" not in str(plan)
    assert not instances.exists()


@pytest.mark.parametrize("fetch", [False, True])
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"disk": 1, "size": 2 * GIB}, exceptions.FlavorTooSmall, "needs 2 GiB"),
        ({"image_format": "raw"}, exceptions.ImageRejected, "its content is qcow2"),
        ({"largest": MIB}, exceptions.ImageRejected, "image_limit_gib"),
        ({"name": "-"}, exceptions.InvalidName, "no valid name"),
    ],
)
def test_what_is_known_early_is_refused_early(
    host: Host,
    site: Site,
    kernel: str,
    instances: pathlib.Path,
    fetch: bool,
    change: dict[str, Any],
    error: type[exceptions.NovaXenError],
    words: str,
) -> None:
    if "size" in change:
        size = change["size"].to_bytes(8)
        site.content = site.content[:24] + size + site.content[32:]
    asked = {k: v for k, v in change.items() if k in ("disk", "image_format")}
    request = dataclasses.replace(
        ask(site.url + "/x", kernel, **asked), name=change.get("name", "web")
    )
    limited = ImageOptions(largest=change.get("largest"), attempts=1)
    driver = LibvirtDriver(
        config.load(), host=dataclasses.replace(host, images=limited)
    )
    with pytest.raises(error, match=words):
        driver.build_instance(request, fetch=fetch)
    assert imports(instances) == []


@pytest.mark.parametrize("right", [True, False])
def test_a_local_file_has_its_checksum_checked(
    driver: LibvirtDriver, image: str, kernel: str, right: bool
) -> None:
    digest = hashlib.sha512(pathlib.Path(image).read_bytes()).hexdigest()
    properties = {
        "os_hash_algo": "sha512",
        "os_hash_value": digest if right else "0" * 128,
    }
    request = ask(image, kernel, properties=properties)
    if right:
        assert driver.build_instance(request).image.path == image
        return
    with pytest.raises(exceptions.ImageRejected, match=f"its checksum is {digest}"):
        driver.build_instance(request)


ONE = Checksum.of("sha256", "1" * 64)


@pytest.mark.parametrize(
    ("checksum", "properties", "expected"),
    [
        (None, {}, None),
        (ONE, {}, ONE),
        (None, {"os_hash_algo": "sha256", "os_hash_value": "1" * 64}, ONE),
        (ONE, {"os_hash_algo": "sha256", "os_hash_value": "1" * 64}, ONE),
        (ONE, {"os_hash_algo": "sha256", "os_hash_value": "2" * 64}, "differ"),
        (None, {"os_hash_algo": "sha256"}, "are no checksum"),
        (None, {"os_hash_value": "1" * 64}, "are no checksum"),
        (None, {"os_hash_algo": "md5", "os_hash_value": "1" * 32}, "'md5' is not"),
    ],
)
def test_which_checksum_is_meant(
    checksum: Checksum | None,
    properties: dict[str, str],
    expected: Checksum | str | None,
) -> None:
    request = ask("x", "k", image_checksum=checksum, properties=properties)
    if isinstance(expected, str):
        with pytest.raises(exceptions.InvalidRequest, match=expected):
            expected_checksum(request)
    else:
        assert expected_checksum(request) == expected


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("ftp://host/x", "only files of this host and http: or https: URLs"),
        ("nbd://host:1/", "only files of this host"),
        ("file://elsewhere/x", "a file: URL names a file of this host alone"),
        ("http:///x", "the URL names no server"),
        ("http://[::1/x", "the server or the port in the URL cannot be"),
        ("http://host:port/x", "the server or the port in the URL cannot be"),
    ],
)
def test_urls_of_no_use(driver: LibvirtDriver, location: str, words: str) -> None:
    with pytest.raises(exceptions.ImageUnavailable, match=words):
        driver.build_instance(ask(location, "k"))


@pytest.mark.parametrize("name", ["", "{}/", "{}/.", "{}/..", "file://{}/"])
@pytest.mark.parametrize("fetch", [False, True])
def test_a_name_that_no_file_has_is_not_made_into_one(
    driver: LibvirtDriver, image: str, kernel: str, name: str, fetch: bool
) -> None:
    """As the kernel has it; os.path.abspath would take what is left of it."""
    words = "give the path of an image"
    with pytest.raises(exceptions.ImageRejected, match=words) as caught:
        driver.build_instance(ask(name.format(image), kernel), fetch=fetch)
    assert repr("") in str(caught.value) or image in str(caught.value)
    if "://" not in name:
        with pytest.raises(exceptions.ImageRejected, match=words):
            driver.inspect_image(name.format(image))


def test_what_a_tool_cannot_do_is_no_fault_of_the_image(
    driver: LibvirtDriver,
    image: str,
    kernel: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only_programs(tmp_path, monkeypatch, without="qemu-img")
    with pytest.raises(exceptions.ImageUnchecked, match="apt install qemu-utils"):
        driver.build_instance(ask(image, kernel))


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, None),
        ({"os_hash_algo": "sha256", "os_hash_value": "1" * 64}, ONE),
        ({"os_hash_algo": "sha256"}, "has not"),
    ],
)
def test_the_checksum_of_an_image_is_in_its_properties(
    properties: dict[str, str], expected: Checksum | str | None
) -> None:
    found = Image(
        path="/x", disk_format=DiskFormat.RAW, virtual_size=MIB, properties=properties
    )
    if isinstance(expected, str):
        with pytest.raises(ValueError, match=expected):
            declared_checksum(found)
    else:
        assert declared_checksum(found) == expected


@pytest.mark.parametrize("name", ["json:{}", "nbd:x", "a b", "http:x"])
def test_what_looks_like_a_url_and_is_a_file(
    driver: LibvirtDriver,
    image: str,
    kernel: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    pathlib.Path(image).rename(name)
    assert driver.build_instance(ask(name, kernel)).image.path == str(tmp_path / name)


def test_what_is_held_is_let_go_at_the_end(
    driver: LibvirtDriver, site: Site, kernel: str
) -> None:
    driver.build_instance(ask(site.url + "/x", kernel))
    assert driver.prune_image_cache(everything=True) == ()
    driver.cleanup_host()
    assert len(driver.prune_image_cache(everything=True)) == 1
