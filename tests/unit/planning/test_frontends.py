# SPDX-License-Identifier: Apache-2.0
"""Numbers of disks in xenstore, and what the states of both sides mean."""

import pytest

from nova_xen.model import Frontend, FrontendState
from nova_xen.planning.buses import device_index, device_letters
from nova_xen.planning.frontends import judge_frontend, vbd_number, was_taken


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("xvda", 51712),
        ("xvdb", 51728),
        ("xvdp", 51952),
        ("xvdq", (1 << 28) + (16 << 8)),
        ("xvdaa", (1 << 28) + (26 << 8)),
    ],
)
def test_numbers_of_disks(target: str, number: int) -> None:
    assert vbd_number(target) == number


def test_letters_and_places_are_each_other() -> None:
    for index in range(800):
        assert device_index(f"xvd{device_letters(index)}") == index


@pytest.mark.parametrize("name", ["", "xvd", "vda", "xvdA", "xvda1", "xvdaaaa"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a disk"):
        device_index(name)


CONNECTED, WAITING, UNSERVED = FrontendState


@pytest.mark.parametrize(
    ("guest", "host", "state"),
    [
        (4, 4, CONNECTED),
        (1, 2, WAITING),
        (3, 2, WAITING),
        (3, 4, WAITING),
        (4, 3, WAITING),
        (None, 2, WAITING),
        (6, 5, WAITING),
        (1, 1, UNSERVED),
        (3, 1, UNSERVED),
        (4, 0, UNSERVED),
        (1, None, UNSERVED),
        (None, None, UNSERVED),
    ],
)
def test_what_states_mean(
    guest: int | None, host: int | None, state: FrontendState
) -> None:
    assert judge_frontend(Frontend(guest=guest, host=host)) is state


@pytest.mark.parametrize(
    ("guest", "taken"),
    [
        *((None, False), (0, False), (1, False), (2, False), (3, False), (4, True)),
        *((5, True), (6, True), (7, False), (8, False), (-1, False)),
    ],
)
@pytest.mark.parametrize("host", [None, 4, 5])
def test_whether_a_driver_has_or_had_it(
    guest: int | None, host: int | None, taken: bool
) -> None:
    assert was_taken(Frontend(guest=guest, host=host)) is taken
