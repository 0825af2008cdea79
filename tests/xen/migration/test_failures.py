# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 and xen2 up
"""What dies under a migration on real Xen, and where the guest runs afterwards.

Each row takes two to six minutes on emulated hosts, so that most of them want
``NOVA_XEN_LAB_SLOW=1``. Set ``NOVA_XEN_LAB_REPORT`` to a file for a line of each.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from xen.conftest import SLOW, Dom0
from xen.migration.conftest import Pair
from xen.migration.hosts import (
    ARM,
    FIRE,
    HAVE_ANSWERS,
    LAST_PASS,
    LOSE_ANSWERS,
    MID_COPY,
    POWER_OFF,
    is_up,
    power_on,
    whole_again,
)
from xen.migration.ticks import goes_on, last

FAR = "ssh -o BatchMode=yes -o ServerAliveInterval=2 -o ServerAliveCountMax=2 root@xen2"
SOURCE, DESTINATION = 0, 1


@dataclasses.dataclass(frozen=True)
class Cut:
    """One way to fail.

    ``ask`` is for the pilot: what is done, and when. ``armed`` is a command of the
    destination that waits for ``FIRE``, since ssh takes seconds there. ``mend`` is what
    a person or a supervisor does before recovery, ``where:command`` each. ``homes`` are
    the hosts on which the guest may be then; exactly one of them has it.
    """

    ask: dict[str, Any]
    armed: str = ""
    mend: tuple[str, ...] = ()
    homes: tuple[int, ...] = (SOURCE,)
    #: whether who asked for it is told where it runs, without a recovery
    certain: bool = False
    #: whether its memory is not to be trusted any more, since it may have run elsewhere
    anew: bool = False
    mode: str = "pvh"
    kind: str = "live"


#: libxl's half of the dead libvirtd, a fork that waits for the guest's QEMU, keeps its
#: port; where systemd has the port, as in Debian, nobody needs to end it
START_ANEW = "pkill -9 -f '/usr/sbin/[l]ibvirtd'; nova-xen-lab-libvirtd start"
LINK_DOWN = "ip link set eth1 down"
LINK_UP_AGAIN = "ip link set eth1 up"
LINK_UP = f"here:{LINK_UP_AGAIN}"
HOG = (
    'free=$(xl info free_memory); printf \'name="t-hog"\\ntype="pvh"\\n'
    'kernel="/srv/guest/vmlinux"\\nmemory=%d\\n\' $((free - 60)) >/root/hog; '
    "xl create -p -q /root/hog"
)
CUTS = {
    "source libvirtd restarted in mid-copy": Cut(
        {"do": "nova-xen-lab-libvirtd restart", **MID_COPY}, homes=(0, 1)
    ),
    "source libvirtd killed in mid-copy": Cut(
        {"do": "nova-xen-lab-libvirtd kill", **MID_COPY},
        mend=("here:nova-xen-lab-libvirtd start",),
        homes=(0, 1),
    ),
    "destination libvirtd killed in mid-copy": Cut(
        {"do": f"{FAR} nova-xen-lab-libvirtd kill", **MID_COPY},
        mend=("there:nova-xen-lab-libvirtd start",),
    ),
    "destination libvirtd killed in the last pass": Cut(
        {"do": FIRE, **LAST_PASS},
        armed="nova-xen-lab-libvirtd kill",
        mend=(f"there:{START_ANEW}",),
        homes=(0, 1),
    ),
    "network cut in mid-copy": Cut(
        {"do": LINK_DOWN, "timeout": 60, **MID_COPY}, mend=(LINK_UP,)
    ),
    "network cut in the last pass": Cut(
        {"do": LINK_DOWN, **LAST_PASS}, mend=(LINK_UP,), homes=(0, 1)
    ),
    **{
        f"the last answer lost, {mode}": Cut(
            {"do": LOSE_ANSWERS, **LAST_PASS},
            mend=(f"here:{HAVE_ANSWERS}",),
            homes=(DESTINATION,),
            certain=True,
            mode=mode,
            kind="stop-and-copy" if mode == "pv" else "live",
        )
        for mode in ("pvh", "hvm", "pv")
    },
    "the last answer lost, and the process killed": Cut(
        {"do": "die", "after": LOSE_ANSWERS, **LAST_PASS},
        mend=(f"here:{HAVE_ANSWERS}",),
        homes=(DESTINATION,),
    ),
    "network away in the last pass, and back": Cut(
        {
            "do": f"{LINK_DOWN}; (sleep 90; {LINK_UP_AGAIN}) >/dev/null 2>&1 &",
            **LAST_PASS,
        },
        homes=(0, 1),
        certain=True,
    ),
    "destination out of memory after the checks": Cut(
        {"do": f"{FAR} {shlex.quote(HOG)}", "journal": "preparing"},
        mend=("there:xl destroy t-hog",),
    ),
    "destination's disk gone after the checks": Cut(
        {"do": f"{FAR} umount -l /srv/nova", "journal": "preparing"},
        mend=("there:nova-xen-lab-nfs mount xen1",),
    ),
    "destination host off in mid-copy": Cut(
        {"do": FIRE, "timeout": 60, **MID_COPY},
        armed=POWER_OFF,
        mend=("power:",),
    ),
    "destination host off in the last pass": Cut(
        {"do": FIRE, **LAST_PASS}, armed=POWER_OFF, mend=("power:",), anew=True
    ),
    "the peer's process killed in mid-copy": Cut(
        {"do": f"{FAR} pkill -9 -f 'migration\\ [p]eer'", **MID_COPY}, homes=(0, 1)
    ),
    **{
        f"process killed, its journal says {state}": Cut(
            {"do": "die", "journal": state}, homes=(0, 1)
        )
        for state in ("preparing", "copying", "finishing")
    },
    "process killed as the guest stands still": Cut(
        {"do": "die", **LAST_PASS}, homes=(0, 1)
    ),
    "process killed, a stop-and-copy's journal says stopped": Cut(
        {"do": "die", "journal": "stopped"},
        homes=(0, 1),
        mode="pv",
        kind="stop-and-copy",
    ),
}
#: nothing but what Xen has paused keeps two copies from running there
EVERY_RUN = ("the last answer lost, pvh",)


def mend(pair: Pair, steps: tuple[str, ...]) -> None:
    """What is done before recovery."""
    for step in steps:
        where, _, command = step.partition(":")
        match where:
            case "here":
                pair.hosts[SOURCE].sh(command)
            case "there":
                pair.hosts[DESTINATION].sh(command)
            case "power":
                power_on(pair)


@pytest.fixture
def restored(clean: Pair) -> Iterator[Pair]:
    """The pair, whose hosts are whole again however the test ended."""
    yield clean
    whole_again(clean)


def recovered(pair: Pair, host: Dom0) -> list[dict[str, Any]]:
    """What recovery at a host says."""
    told = pair.ask(host, recover=[])
    assert "plans" in told, told
    plans: list[dict[str, Any]] = told["plans"]
    return plans


def report(what: str, *facts: str) -> None:
    """A line for whoever wants to read it later."""
    line = " | ".join((what, *facts))
    print(line)
    if path := os.environ.get("NOVA_XEN_LAB_REPORT"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{line}\n")


@pytest.mark.parametrize(
    "what",
    [pytest.param(what, marks=() if what in EVERY_RUN else SLOW) for what in CUTS],
)
def test_one_guest_is_left(restored: Pair, what: str) -> None:
    """Whatever was cut: one guest, which goes on, and nothing beside it."""
    cut, source = CUTS[what], restored.hosts[SOURCE]
    name = restored.create("cut", cut.mode)
    counted = last(source, name)
    if cut.armed:
        restored.hosts[DESTINATION].sh(ARM.format(cut.armed))
    told = restored.ask(
        source,
        server=name,
        host=restored.hosts[DESTINATION].name,
        kind=cut.kind,
        **cut.ask,
    )
    assert not told or cut.ask["do"] != "die", told
    before = [
        host.name
        for host in restored.hosts
        if is_up(host) and restored.runs(host, name)
    ]
    assert len(before) <= 1
    if cut.certain:
        assert told.get("error") != "MigrationUndecided", told
        assert len(before) == 1
    mend(restored, cut.mend)
    plans = [plan for host in restored.hosts for plan in recovered(restored, host)]
    report(
        what,
        f"told {told.get('error') or told.get('record', {}).get('state') or 'nothing'}",
        str(told.get("words") or told.get("record", {}).get("why") or ""),
        f"ran then on {before}",
        f"recovery {[(plan['state'], plan['sentence']) for plan in plans]}",
        f"runs on {restored.homes(name)}",
    )
    assert all(plan["state"] != "undecided" for plan in plans), plans
    (home,) = restored.homes(name)
    assert home in [restored.hosts[number].name for number in cut.homes]
    host = next(each for each in restored.hosts if each.name == home)
    assert goes_on(host, name)
    if cut.anew:
        assert any("started from its disks" in plan["sentence"] for plan in plans)
    else:
        assert last(host, name) > counted
    assert restored.left_behind(name) == []
    shown = host.sh(f"virsh -c xen:///system domstate {name}").strip()
    assert shown == "running"
    assert recovered(restored, source) == []


@SLOW
@pytest.mark.parametrize(
    ("cut", "undo", "words"),
    [
        (
            "umount -l /srv/nova",
            "nova-xen-lab-nfs mount xen1",
            "storage is not shared|is not there|not the same",
        ),
        (HOG, "xl destroy t-hog", r"\d+ MiB .*free|free.*\d+ MiB"),
        ("ip link set br0 down", "ip link set br0 up", "gives no answer|reach"),
    ],
    ids=["disk", "memory", "network"],
)
def test_what_is_seen_beforehand_is_refused(
    restored: Pair, cut: str, undo: str, words: str
) -> None:
    """With its numbers, and nothing is changed on either host."""
    source, target = restored.hosts
    name = restored.create("refused", "pvh")
    target.sh(cut)
    try:
        told = restored.ask(source, server=name, host=target.name)
    finally:
        target.sh(undo)
    report(f"refused: {cut}", str(told))
    assert told["error"] in ("MigrationRefused", "PeerUnreachable"), told
    assert re.search(words, told["words"]), told
    assert restored.homes(name) == [source.name]
    assert goes_on(source, name)
    assert restored.left_behind(name) == []
