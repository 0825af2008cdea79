# SPDX-License-Identifier: Apache-2.0
"""Volumes of servers in each state, with what goes wrong."""

import dataclasses
import os
import pathlib
import shlex
import subprocess
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.images import hold_server
from nova_xen.images.tools import qemu_img
from nova_xen.model import (
    DeviceKind,
    DiskFormat,
    Flavor,
    FrontendState,
    Plan,
    PowerState,
    VolumeRequest,
    Where,
)
from nova_xen.operations import delete, devices, frontends, power
from nova_xen.operations.host import Host
from nova_xen.operations.query import get_server
from nova_xen.operations.request import CreateRequest, build_instance
from nova_xen.operations.spawn import plan, spawn
from nova_xen.operations.suspend import suspend
from nova_xen.operations.volumes import attach_volume, detach_volume
from nova_xen.testing import FakeHost
from unit.hypervisor.fake_xenstored import Xenstored
from unit.operations import plugged
from unit.operations.plugged import later, now

MIB = 1024**2
MakePlan = Callable[..., Plan]
INTERNAL, INVALID = libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_INVALID_ARG


def quiet(_what: str, _fraction: float) -> None:
    pass


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "PAUSES", (0.01, 0.01))


@pytest.fixture
def host(host: Host, tmp_path: pathlib.Path) -> Host:
    sockets = (str(tmp_path / "xenstored"),)
    return dataclasses.replace(host, xenstored_sockets=sockets, device_timeout=0.3)


@pytest.fixture
def xenstored(tmp_path: pathlib.Path) -> Iterator[Xenstored]:
    with Xenstored(tmp_path / "xenstored") as made:
        yield made


@pytest.fixture
def web(host: Host, make_plan: MakePlan) -> str:
    spawn(host, make_plan(), quiet)
    return "web"


@pytest.fixture
def db(host: Host, make_plan: MakePlan) -> str:
    spawn(host, make_plan("db"), quiet)
    return "db"


@pytest.fixture
def volume(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "volume.raw"
    path.write_bytes(bytes(MIB))
    return str(path)


def request(path: str, **changes: Any) -> VolumeRequest:
    return VolumeRequest(path=path, **changes)


def state(host: Host, name: str = "web") -> PowerState:
    return get_server(host, name).state


def test_into_a_server_that_runs(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    change = attach_volume(host, web, request(volume))
    assert (change.kind, change.device) == (DeviceKind.DISK, "xvdb")
    assert (change.source, change.type) == (volume, "raw")
    assert change.where == Where(live=True, config=True)
    assert now(fake) == later(fake) == ["xvda", "xvdb"]
    disk = fake.guest("web").config.findall("devices/disk")[-1]
    assert disk.find("driver").attrib == {"name": "qemu", "type": "raw"}  # type: ignore[union-attr]
    assert detach_volume(host, web, "xvdb") == ()
    assert now(fake) == later(fake) == ["xvda"]
    assert os.path.exists(volume)


def test_memory_from_before_goes_first(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    """A resume that was killed has left it beside a server that runs."""
    kept = pathlib.Path(fake.saves.file(web) + ".kept")
    kept.touch()
    attach_volume(host, web, request(volume))
    assert not kept.exists()


def test_into_a_server_that_is_off(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    power.power_off(host, web, 0)
    change = attach_volume(host, web, request(volume))
    assert change.where == Where(live=False, config=True)
    assert (change.connected, change.warnings) == (None, ())
    power.power_on(host, web)
    assert now(fake) == ["xvda", "xvdb"]
    power.power_off(host, web, 0)
    detach_volume(host, web, volume)
    assert later(fake) == ["xvda"]


@pytest.mark.parametrize("act", ["attach", "detach"])
def test_not_of_a_server_that_is_paused(
    host: Host, fake: FakeHost, web: str, volume: str, act: str
) -> None:
    power.pause(host, web)
    with pytest.raises(exceptions.WrongState, match="while it is paused; unpause it"):
        attach_volume(host, web, request(volume)) if act == "attach" else detach_volume(
            host, web, "xvda"
        )
    assert now(fake) == later(fake) == ["xvda"]


def test_not_of_a_server_whose_memory_is_saved(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    fake.connect().lookupByName(web).managedSave()
    with pytest.raises(exceptions.WrongState, match="while it is suspended; start it"):
        attach_volume(host, web, request(volume))
    assert later(fake) == ["xvda"]


@pytest.mark.parametrize("disk_format", list(DiskFormat))
@pytest.mark.parametrize("declared", [False, True])
def test_formats_are_proved_or_declared(
    host: Host,
    fake: FakeHost,
    web: str,
    tmp_path: pathlib.Path,
    disk_format: DiskFormat,
    declared: bool,
) -> None:
    path = str(tmp_path / "volume")
    qemu_img.create(path, disk_format, 4 * MIB, server="test")
    asked = request(path, format=disk_format if declared else None)
    assert attach_volume(host, web, asked).type == disk_format
    word = fake.guest(web).current.findall("devices/disk/driver")[-1].get("type")
    assert word == disk_format


def test_a_format_that_qemu_lacks_is_refused(
    host: Host, fake: FakeHost, web: str, tmp_path: pathlib.Path
) -> None:
    program = tmp_path / "qemu"
    program.write_text("#!/bin/sh\necho \"qemu: Unknown driver 'vpc'\" >&2; exit 1\n")
    program.chmod(0o755)
    lacking = dataclasses.replace(host, device_model_paths=(str(program),))
    path = str(tmp_path / "volume.vhd")
    qemu_img.create(path, DiskFormat.VHD, 4 * MIB, server="test")
    with pytest.raises(exceptions.FormatNotServed, match="its disk xvdb is vhd"):
        attach_volume(lacking, web, request(path))
    assert later(fake) == ["xvda"]


def test_an_overlay_of_a_strangers_file_is_refused(
    host: Host, fake: FakeHost, web: str, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "volume.qcow2"
    qemu_img.create(str(path), DiskFormat.QCOW2, MIB, server="test")
    content = bytearray(path.read_bytes())
    content[8:16] = (0x200).to_bytes(8, "big")
    content[16:20] = (11).to_bytes(4, "big")
    content[0x200:0x20B] = b"/etc/shadow"
    path.write_bytes(content)
    with pytest.raises(exceptions.VolumeRefused, match="overlay of another file"):
        attach_volume(host, web, request(str(path)))
    assert later(fake) == ["xvda"]


def test_a_missing_file_is_refused(host: Host, fake: FakeHost, web: str) -> None:
    with pytest.raises(exceptions.VolumeRefused, match="No such file"):
        attach_volume(host, web, request("/nowhere/volume"))
    assert now(fake) == later(fake) == ["xvda"]


def test_one_file_has_one_server(
    host: Host, fake: FakeHost, web: str, db: str, volume: str, tmp_path: pathlib.Path
) -> None:
    attach_volume(host, web, request(volume))
    link, hard = tmp_path / "link", tmp_path / "hard"
    link.symlink_to(volume)
    os.link(volume, hard)
    for path in (volume, str(link), str(hard)):
        with pytest.raises(exceptions.VolumeRefused, match="server web has it as xvdb"):
            attach_volume(host, db, request(path))
        with pytest.raises(exceptions.VolumeRefused, match="it has it already, as xv"):
            attach_volume(host, web, request(path))
    assert later(fake, "db") == ["xvda"]
    detach_volume(host, web, str(link))
    attach_volume(host, db, request(volume))
    assert later(fake, "db") == ["xvda", "xvdb"]


def test_a_server_that_is_off_keeps_its_volume(
    host: Host, web: str, db: str, volume: str
) -> None:
    attach_volume(host, web, request(volume))
    power.power_off(host, web, 0)
    with pytest.raises(exceptions.VolumeRefused, match="server web has it"):
        attach_volume(host, db, request(volume))


def test_a_domain_of_somebody_else_keeps_its_file(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    fake.connect().defineXML(
        "<domain type='xen'><name>strange</name><memory>1024</memory><os>"
        "<type>linux</type><kernel>/k</kernel></os><devices>"
        "<disk type='network' device='disk'><driver name='qemu'/>"
        "<source protocol='rbd' name='p/i'/><target dev='xvda'/></disk>"
        f"<disk type='file'><source file='{volume}'/><target dev='xvdb'/></disk>"
        "</devices></domain>"
    )
    with pytest.raises(exceptions.VolumeRefused, match="server strange has it as xvdb"):
        attach_volume(host, web, request(volume))


def test_what_a_disk_of_somebody_else_lies_upon_is_refused(
    host: Host, fake: FakeHost, web: str, volume: str, tmp_path: pathlib.Path
) -> None:
    overlay = str(tmp_path / "overlay")
    file = f"qemu-img create -q -f qcow2 -b {volume} -F raw {overlay}"
    subprocess.run(shlex.split(file), check=True)
    fake.connect().defineXML(
        "<domain type='xen'><name>strange</name><memory>1024</memory><os>"
        "<type>linux</type><kernel>/k</kernel></os><devices><disk type='file'>"
        f"<driver name='qemu' type='qcow2'/><source file='{overlay}'/>"
        "<target dev='xvda'/></disk></devices></domain>"
    )
    with pytest.raises(exceptions.VolumeRefused, match="disk xvda of server strange l"):
        attach_volume(host, web, request(volume))


def test_disks_of_servers_and_what_they_lie_upon_are_refused(
    host: Host, instances: pathlib.Path, web: str, db: str
) -> None:
    base = next(instances.glob("_base/*"))
    own = instances / get_server(host, "db").uuid / "disk"
    for path in (base, own):
        with pytest.raises(exceptions.VolumeRefused, match="it lies in"):
            attach_volume(host, web, request(str(path)))


def test_what_somebody_writes_to_is_refused(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    with (
        open(volume, "r+b"),
        pytest.raises(exceptions.VolumeRefused, match="has it open for writing"),
    ):
        attach_volume(host, web, request(volume))
    assert later(fake) == ["xvda"]


def test_two_processes_do_not_give_one_volume_twice(
    host: Host, fake: FakeHost, web: str, db: str, volume: str
) -> None:
    ended: dict[str, Exception | None] = {}

    def give(name: str) -> None:
        try:
            attach_volume(host, name, request(volume))
            ended[name] = None
        except exceptions.NovaXenError as error:
            ended[name] = error

    hang = fake.hang("attachDeviceFlags")
    threads = [threading.Thread(target=give, args=(name,)) for name in (web, db)]
    threads[0].start()
    assert hang.entered.wait(10)
    threads[1].start()
    threads[1].join(0.3)
    assert threads[1].is_alive()
    fake.release()
    for thread in threads:
        thread.join(10)
    assert ended["web"] is None
    assert isinstance(ended["db"], exceptions.VolumeRefused)


def test_a_failure_of_libvirt_leaves_all_as_before(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    before = fake.connect().lookupByName(web)
    documents = (before.XMLDesc(0), before.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    fake.fail_next("attachDeviceFlags", INTERNAL, "internal error: failed to attach")
    with pytest.raises(exceptions.StepFailed) as failed:
        attach_volume(host, web, request(volume))
    assert str(failed.value) == (
        "Server web could not be given a disk: the step 'plug it in' failed, libvirt "
        "failed while plugging a device into server web: internal error: failed to "
        "attach. Nothing was left behind."
    )
    after = fake.connect().lookupByName(web)
    assert documents == (
        after.XMLDesc(0),
        after.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE),
    )


@pytest.mark.parametrize("after", [False, True])
def test_an_interrupt_is_undone(
    host: Host, fake: FakeHost, web: str, volume: str, after: bool
) -> None:
    fake.interrupt_next("attachDeviceFlags", KeyboardInterrupt(), after=after)
    with pytest.raises(KeyboardInterrupt):
        attach_volume(host, web, request(volume))
    assert now(fake) == later(fake) == ["xvda"]


@pytest.mark.parametrize(("live", "words"), [(True, " until it is off"), (False, "")])
def test_halves_are_told_and_removed(
    host: Host, fake: FakeHost, web: str, volume: str, live: bool, words: str
) -> None:
    """As a libvirtd leaves them that dies between the two."""
    flag = libvirt.VIR_DOMAIN_AFFECT_LIVE if live else libvirt.VIR_DOMAIN_AFFECT_CONFIG
    fake.connect().lookupByName(web).attachDeviceFlags(
        f"<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
        f"<source file='{volume}'/><target dev='xvdb' bus='xen'/></disk>",
        flag,
    )
    assert (now(fake) == later(fake)) is False
    with pytest.raises(exceptions.VolumeRefused, match=f"it has it already{words}"):
        attach_volume(host, web, request(volume))
    detach_volume(host, web, volume)
    assert now(fake) == later(fake) == ["xvda"]
    attach_volume(host, web, request(volume))
    assert now(fake) == later(fake) == ["xvda", "xvdb"]


def test_a_guest_that_holds_its_disk_is_asked_again(
    host: Host, fake: FakeHost, web: str, volume: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(devices, "time", types.SimpleNamespace(sleep=slept.append))
    attach_volume(host, web, request(volume))
    for _ in devices.PAUSES:
        fake.fail_next(
            "detachDeviceFlags", INTERNAL, "internal error: failed to detach"
        )
    assert detach_volume(host, web, volume) == ()
    assert now(fake) == later(fake) == ["xvda"]
    assert slept == list(devices.PAUSES)


def test_one_that_never_lets_go_keeps_it(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    attach_volume(host, web, request(volume))
    for _ in (*devices.PAUSES, None):
        fake.fail_next(
            "detachDeviceFlags", INTERNAL, "internal error: failed to detach"
        )
    with pytest.raises(exceptions.DetachFailed) as failed:
        detach_volume(host, web, volume)
    assert str(failed.value) == (
        "Server web did not let go of its disk xvdb: internal error: failed to detach; "
        "unmount it, or take it down, inside the guest and remove it again, or stop "
        "the server first."
    )
    assert now(fake) == later(fake) == ["xvda", "xvdb"]


def test_a_detach_that_failed_after_it_was_done_is_done(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    attach_volume(host, web, request(volume))
    fake.fail_next("detachDeviceFlags", INTERNAL, "internal error: late", after=True)
    detach_volume(host, web, volume)
    assert now(fake) == later(fake) == ["xvda"]
    assert [call.method for call in fake.calls].count("detachDeviceFlags") == 1


@pytest.mark.parametrize("kind", ["disk", "disk.eph0", "disk.swap"])
@pytest.mark.parametrize("off", [False, True])
def test_the_servers_own_disks_stay(
    host: Host, make_plan: MakePlan, instances: pathlib.Path, kind: str, off: bool
) -> None:
    spawn(host, make_plan(ephemeral_gib=1, swap_mib=1), quiet)
    if off:
        power.power_off(host, "web", 0)
    path = instances / get_server(host, "web").uuid / kind
    with pytest.raises(exceptions.DeviceKept, match="it was made with the server"):
        detach_volume(host, "web", str(path))


def test_a_deleted_server_leaves_its_volumes(
    host: Host, web: str, volume: str, left: Callable[[], list[str]]
) -> None:
    attach_volume(host, web, request(volume))
    content = pathlib.Path(volume).read_bytes()
    delete.delete(host, web)
    assert left() == []
    assert pathlib.Path(volume).read_bytes() == content


def test_a_lost_volume_is_noticed_before_a_start(
    host: Host, web: str, volume: str
) -> None:
    attach_volume(host, web, request(volume))
    power.power_off(host, web, 0)
    os.remove(volume)
    with pytest.raises(exceptions.FileMissing, match=r"volume\.raw"):
        power.power_on(host, web)
    detach_volume(host, web, volume)
    power.power_on(host, web)
    assert state(host) is PowerState.RUNNING


def vbd(host: Host, name: str = "web", target: str = "xvdb") -> str:
    number = plugged.NUMBERS[target]
    return f"/local/domain/{get_server(host, name).domid}/device/vbd/{number}"


@pytest.mark.parametrize(
    ("states", "connected", "words"),
    [
        (plugged.CONNECTED, True, None),
        (plugged.WAITING, False, "the guest has not taken xvdb yet: it is still boot"),
    ],
)
def test_what_the_guest_makes_of_it(
    host: Host,
    xenstored: Xenstored,
    web: str,
    volume: str,
    states: tuple[str, str],
    connected: bool,
    words: str | None,
) -> None:
    plugged.tell(xenstored, vbd(host), states)
    change = attach_volume(host, web, request(volume))
    assert change.connected is connected
    assert [word for word in change.warnings if words is None] == []
    assert words is None or words in change.warnings[0]


def test_a_guest_has_its_time(
    host: Host, xenstored: Xenstored, web: str, volume: str
) -> None:
    path = vbd(host)
    plugged.tell(xenstored, path, plugged.WAITING)
    patient = dataclasses.replace(host, device_timeout=10)
    later_ = threading.Timer(0.4, plugged.tell, (xenstored, path, plugged.CONNECTED))
    later_.start()
    assert attach_volume(patient, web, request(volume)).connected is True


@pytest.mark.parametrize("states", [plugged.UNSERVED, None])
def test_what_the_host_does_not_serve_is_taken_out_again(
    host: Host,
    fake: FakeHost,
    xenstored: Xenstored,
    web: str,
    volume: str,
    states: tuple[str, str] | None,
) -> None:
    if states:
        plugged.tell(xenstored, vbd(host), states)
    with pytest.raises(exceptions.StepFailed, match=r"qemu-dm-web\.log") as failed:
        attach_volume(host, web, request(volume))
    assert "Nothing was left behind" in str(failed.value)
    assert now(fake) == later(fake) == ["xvda"]


def test_what_is_not_served_is_taken_out_by_several_attempts(
    host: Host, fake: FakeHost, xenstored: Xenstored, web: str, volume: str
) -> None:
    """The first one fails on real Xen."""
    plugged.tell(xenstored, vbd(host), plugged.UNSERVED)
    for _ in devices.PAUSES:
        fake.fail_next("detachDeviceFlags", INTERNAL, "internal error: timed out")
    with pytest.raises(exceptions.StepFailed, match="Nothing was left behind"):
        attach_volume(host, web, request(volume))
    assert now(fake) == later(fake) == ["xvda"]


@pytest.mark.parametrize(
    ("more", "words", "after"),
    [
        (0, "until it is off", ["xvda"]),
        (1, "now and at its next start", ["xvda", "xvdb"]),
    ],
)
def test_what_stays_in_the_guest_does_not_come_back(
    host: Host,
    fake: FakeHost,
    xenstored: Xenstored,
    web: str,
    db: str,
    volume: str,
    more: int,
    words: str,
    after: list[str],
) -> None:
    plugged.tell(xenstored, vbd(host), plugged.UNSERVED)
    for _ in range(len(devices.PAUSES) + 1 + more):
        fake.fail_next("detachDeviceFlags", INTERNAL, "internal error: timed out")
    with pytest.raises(exceptions.StepFailed) as failed:
        attach_volume(host, web, request(volume))
    assert str(failed.value).endswith(
        "Not undone: plug it in (Server web has its disk xvdb still, "
        f"{words}: internal error: timed out); look after it by hand."
    )
    assert (now(fake), later(fake)) == (["xvda", "xvdb"], after)
    with pytest.raises(exceptions.VolumeRefused, match="server web has it as xvdb"):
        attach_volume(host, db, request(volume))


def test_a_guest_that_is_suspended_before_the_undo_keeps_it(
    host: Host,
    fake: FakeHost,
    xenstored: Xenstored,
    web: str,
    volume: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def suspended(*_arguments: object) -> FrontendState:
        fake.connect().lookupByName(web).managedSave()
        return FrontendState.UNSERVED

    monkeypatch.setattr(frontends, "await_frontend", suspended)
    with pytest.raises(exceptions.StepFailed, match=r"Not undone: plug it in .* while"):
        attach_volume(host, web, request(volume))
    assert later(fake) == ["xvda", "xvdb"]


def test_the_host_has_more_time_than_the_guest(
    host: Host, xenstored: Xenstored, web: str, volume: str
) -> None:
    path = vbd(host)
    plugged.tell(xenstored, path, plugged.UNSERVED)
    ready = threading.Timer(0.6, plugged.tell, (xenstored, path, plugged.WAITING))
    ready.start()
    assert attach_volume(host, web, request(volume)).connected is False


def test_a_guest_that_goes_off_meanwhile(
    host: Host, fake: FakeHost, web: str, volume: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then its definition alone counts."""
    attach_volume(host, web, request(volume))
    fake.fail_next("detachDeviceFlags", INTERNAL, "internal error: failed to detach")

    def sleep(_seconds: float) -> None:
        fake.guest_powers_off(web)

    monkeypatch.setattr(devices, "time", types.SimpleNamespace(sleep=sleep))
    detach_volume(host, web, volume)
    assert later(fake) == ["xvda"]


def test_a_guest_that_is_suspended_meanwhile(
    host: Host, fake: FakeHost, web: str, volume: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its saved memory knows the volume, so its definition keeps it."""
    attach_volume(host, web, request(volume))
    fake.fail_next("detachDeviceFlags", INTERNAL, "internal error: failed to detach")

    def sleep(_seconds: float) -> None:
        fake.connect().lookupByName(web).managedSave()

    monkeypatch.setattr(devices, "time", types.SimpleNamespace(sleep=sleep))
    with pytest.raises(exceptions.WrongState, match="while it is suspended; start it"):
        detach_volume(host, web, volume)
    assert later(fake) == ["xvda", "xvdb"]
    assert [call.method for call in fake.calls].count("detachDeviceFlags") == 1


@pytest.mark.parametrize("act", ["attach", "detach"])
def test_not_of_a_server_that_another_process_works_on(
    host: Host, fake: FakeHost, web: str, volume: str, act: str
) -> None:
    uuid = get_server(host, web).uuid
    with (
        hold_server(host.options.instances_path, uuid),
        pytest.raises(exceptions.ServerBusy, match="another command is at work on it"),
    ):
        attach_volume(host, web, request(volume)) if act == "attach" else detach_volume(
            host, web, "xvda"
        )
    assert now(fake) == later(fake) == ["xvda"]


@pytest.mark.parametrize("begin", ["start", "delete"])
def test_nothing_begins_while_devices_change(
    host: Host, fake: FakeHost, web: str, volume: str, begin: str
) -> None:
    with devices.changing(host, web), pytest.raises(exceptions.ServerBusy):
        power.power_on(host, web) if begin == "start" else delete.delete(host, web)
    assert now(fake) == ["xvda"]


def test_one_that_is_started_meanwhile_is_seen_to_run(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    power.power_off(host, web, 0)
    with devices.changing(host, web) as subject:
        assert subject.documents().live is None
        fake.connect().lookupByName(web).create()
        assert subject.documents().live is not None


def test_without_xenstored_nothing_is_known(host: Host, web: str, volume: str) -> None:
    change = attach_volume(host, web, request(volume))
    assert change.connected is None
    (warning,) = change.warnings
    assert "xenstored could not be asked" in warning


def test_what_the_guest_still_has_is_told(
    host: Host, xenstored: Xenstored, web: str, volume: str
) -> None:
    plugged.tell(xenstored, vbd(host), plugged.CONNECTED)
    attach_volume(host, web, request(volume))
    (warning,) = detach_volume(host, web, "xvdb")
    assert warning.startswith("the guest has not let go of xvdb yet")


def test_a_disk_that_virsh_named_otherwise_is_taken_out(
    host: Host, fake: FakeHost, xenstored: Xenstored, web: str, volume: str
) -> None:
    """Its place on Xen's bus is not known, and so not what the guest does with it."""
    fake.connect().lookupByName(web).attachDeviceFlags(
        "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
        f"<source file='{volume}'/><target dev='xvdb1' bus='xen'/></disk>",
        libvirt.VIR_DOMAIN_AFFECT_LIVE | libvirt.VIR_DOMAIN_AFFECT_CONFIG,
    )
    assert detach_volume(host, web, volume) == ()
    assert now(fake) == later(fake) == ["xvda"]


@pytest.fixture
def hvm(host: Host, image: str) -> str:
    asked = CreateRequest(
        name="web",
        image=image,
        flavor=Flavor(vcpus=1, memory_mib=128),
        properties={"vm_mode": "hvm"},
    )
    spawn(host, plan(host, build_instance(asked)), quiet)
    return "web"


@pytest.mark.parametrize(
    ("states", "stays"),
    [(plugged.WAITING, True), (plugged.UNSERVED, True), (None, True)]
    + [((guest, "5"), False) for guest in ("4", "5", "6")],
)
def test_an_emulated_drive_is_not_left_to_the_guest(
    host: Host,
    fake: FakeHost,
    xenstored: Xenstored,
    hvm: str,
    volume: str,
    states: tuple[str, str] | None,
    stays: bool,
) -> None:
    """QEMU goes on with it, and another server could be given the file."""
    power.power_off(host, hvm, 0)
    attach_volume(host, hvm, request(volume))
    power.power_on(host, hvm)
    if states:
        plugged.tell(xenstored, vbd(host), states)
    if not stays:
        detach_volume(host, hvm, volume)
        assert now(fake) == later(fake) == ["hda"]
        return
    with pytest.raises(exceptions.DeviceKept, match=r"emulated drive.*; stop the serv"):
        detach_volume(host, hvm, volume)
    assert now(fake) == later(fake) == ["hda", "xvdb"]
    power.power_off(host, hvm, 0)
    detach_volume(host, hvm, volume)
    assert later(fake) == ["hda"]


def test_a_guest_that_reboots_meanwhile_has_its_drive_again(
    host: Host,
    fake: FakeHost,
    xenstored: Xenstored,
    hvm: str,
    volume: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plugged.tell(xenstored, vbd(host), plugged.CONNECTED)
    attach_volume(host, hvm, request(volume))
    fake.fail_next("detachDeviceFlags", INTERNAL, "internal error: failed to detach")

    def sleep(_seconds: float) -> None:
        power_ = fake.connect().lookupByName(hvm)
        power_.destroy()
        power_.create()
        plugged.tell(xenstored, vbd(host), plugged.WAITING)

    monkeypatch.setattr(devices, "time", types.SimpleNamespace(sleep=sleep))
    with pytest.raises(exceptions.DeviceKept, match="emulated drive"):
        detach_volume(host, hvm, volume)
    assert now(fake) == later(fake) == ["hda", "xvdb"]


@pytest.mark.parametrize("reboots", [False, True])
def test_an_undo_minds_the_drive_of_a_guest_that_rebooted(
    host: Host,
    fake: FakeHost,
    hvm: str,
    volume: str,
    monkeypatch: pytest.MonkeyPatch,
    reboots: bool,
) -> None:
    def unserved(*_arguments: object) -> FrontendState:
        if reboots:
            domain = fake.connect().lookupByName(hvm)
            domain.destroy()
            domain.create()
        return FrontendState.UNSERVED

    monkeypatch.setattr(frontends, "await_frontend", unserved)
    words = "emulated drive" if reboots else "Nothing was left behind"
    with pytest.raises(exceptions.StepFailed, match=words):
        attach_volume(host, hvm, request(volume))
    disks = ["hda", "xvdb"] if reboots else ["hda"]
    assert now(fake) == later(fake) == disks


def test_later_places_have_no_emulated_drive(
    host: Host, fake: FakeHost, hvm: str, volume: str
) -> None:
    attach_volume(host, hvm, request(volume, target="xvde"))
    detach_volume(host, hvm, volume)
    assert now(fake) == later(fake) == ["hda"]


@pytest.mark.parametrize("live", [False, True])
def test_halves_are_not_suspended(
    host: Host, fake: FakeHost, web: str, volume: str, live: bool
) -> None:
    """Memory that knows a disk which no definition has would let another have it."""
    attach_volume(host, web, request(volume))
    where = libvirt.VIR_DOMAIN_AFFECT_CONFIG
    fake.connect().lookupByName(web).detachDeviceFlags(
        "<disk type='file' device='disk'><target dev='xvdb' bus='xen'/></disk>",
        where if live else libvirt.VIR_DOMAIN_AFFECT_LIVE,
    )
    with pytest.raises(exceptions.WrongState, match="disk xvdb, which its next start"):
        suspend(host, web)
    assert state(host) is PowerState.RUNNING
    detach_volume(host, web, volume)
    suspend(host, web)
    assert state(host) is PowerState.SUSPENDED


def test_what_it_has_is_listed(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    attach_volume(host, web, request(volume))
    fake.connect().lookupByName(web).detachDeviceFlags(
        "<disk type='file' device='disk'><target dev='xvdb' bus='xen'/></disk>",
        libvirt.VIR_DOMAIN_AFFECT_CONFIG,
    )
    first, second = devices.list_devices(host, web)
    assert (first.device, first.where) == ("xvda", Where(live=True, config=True))
    assert (second.device, second.where) == ("xvdb", Where(live=True, config=False))
    assert second.address == "vbd-51728"
    power.power_off(host, web, 0)
    (first,) = devices.list_devices(host, web)
    assert first.where == Where(live=False, config=True)


def test_a_server_by_its_uuid(
    host: Host, fake: FakeHost, web: str, volume: str
) -> None:
    uuid = get_server(host, web).uuid
    attach_volume(host, uuid, request(volume))
    with pytest.raises(exceptions.DeviceNotFound, match="Server web has no disk xvdc"):
        detach_volume(host, uuid, "xvdc")
    detach_volume(host, uuid, "/dev/xvdb")
    assert later(fake) == ["xvda"]
