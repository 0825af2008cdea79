# SPDX-License-Identifier: Apache-2.0
"""Names, UUIDs and texts from outside."""

from typing import Any

import pytest

from golden.builders import UUID, flavor, image, plan
from nova_xen import exceptions
from nova_xen.planning import check_name

GOOD = ["a", "web1", "Web-1.example_x+y", "7up", "instance-00000001", "x" * 200]
BAD = {
    "empty": "",
    "parent": "../etc",
    "folder": "a/b",
    "two dots": "a..b",
    "hidden": ".a",
    "option": "-a",
    "space": "a b",
    "line": "a\n",
    "escape": "a\x1b[2J",
    "nul": "a\x00",
    "letter of another alphabet": "größe",
    "digit of another alphabet": "٣",
    "lone surrogate": "a\ud800",
    "too long": "x" * 201,
    "format": "%(server)s",
    "shell": "$(id)",
    "domain id": "12",
    "dom0": "Domain-0",
    "dom0 in small": "domain-0",
    "uuid": UUID,
    "uuid in capitals": UUID.upper(),
    "uuid without dashes": UUID.replace("-", ""),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_names(name: str) -> None:
    assert check_name(name) == name
    assert plan(name=name).domain.name == name


@pytest.mark.parametrize("name", BAD.values(), ids=BAD.keys())
def test_bad_names(name: str) -> None:
    with pytest.raises(exceptions.InvalidName) as refused:
        plan(name=name)
    sentence = str(refused.value)
    assert sentence.endswith("choose another name.")
    assert sentence.isprintable()


@pytest.mark.parametrize(
    "uuid", ["", "../..", UUID.upper(), UUID.replace("-", ""), "0" * 8 + UUID[8:-1]]
)
def test_what_is_no_uuid(uuid: str) -> None:
    with pytest.raises(exceptions.InvalidRequest, match="is no UUID for it"):
        plan(uuid=uuid)


def test_domain_0s_uuid_is_taken() -> None:
    with pytest.raises(exceptions.InvalidRequest, match="is no UUID for it"):
        plan(uuid="00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"image": image({"note": "\x00"})}, "image property note"),
        ({"image": image({"no\x07te": "x"})}, "the name of an image property"),
        ({"image": image(id="\ud800")}, "the id of the image"),
        ({"image": image(path="/srv/\x01")}, "the path of the image"),
        ({"flavor": flavor({"note": "\ufffe"})}, "extra spec note"),
        ({"flavor": flavor({"\x1b": "x"})}, "the name of an extra spec"),
        ({"flavor": flavor(name="\x08")}, "the name of the flavor"),
        ({"vnc_password": "s\x01t"}, "the VNC password"),
    ],
)
def test_control_characters_are_refused_without_being_shown(
    changes: dict[str, Any], where: str
) -> None:
    with pytest.raises(exceptions.InvalidRequest) as refused:
        plan(**changes)
    assert str(refused.value) == (
        f"Server web1 cannot be made as asked: {where} has a control character in it, "
        "remove it."
    )


@pytest.mark.parametrize("text", ["", " ", "\t", "a\nb", "é", "\U0001f600", "<&>\"'"])
def test_other_texts_are_kept(text: str) -> None:
    planned = plan({"note": text}, flavor=flavor({"note": text}, name=text))
    metadata = planned.domain.instance
    assert metadata is not None
    assert metadata.image.properties[0].value == text
    assert metadata.flavor.extra_specs[0].value == text
    assert metadata.flavor.name == text
