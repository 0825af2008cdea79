# SPDX-License-Identifier: Apache-2.0
"""One cycle: create a guest, see it live, migrate it, see it live there, end it."""

import time
from dataclasses import dataclass

from lab.errors import LabError
from lab.soak.guests import Guest
from lab.ssh import Ssh

_VIRSH = "virsh -q -c xen:///system"
_BEATS = """
tries=0
until [ "$(grep -ac 'NOVA-XEN-GUEST' %s 2>/dev/null || true)" -ge %d ] 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -gt %d ] && exit 1
    sleep 2
done
"""


class CycleError(LabError):
    """A step of a cycle failed; ``by_signal`` when a program died of a signal."""

    def __init__(self, sentence: str, by_signal: bool) -> None:
        super().__init__(sentence)
        self.by_signal = by_signal


@dataclass
class Timer:
    """Seconds each step took, in the order of the steps."""

    steps: dict[str, float]

    def step(self, ssh: Ssh, name: str, command: str, seconds: float) -> None:
        """Run a step in dom0; CycleError with what it printed when it fails."""
        begun = time.monotonic()
        done = ssh.run(command, timeout=seconds)
        self.steps[name] = round(time.monotonic() - begun, 1)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-600:]
            raise CycleError(
                f"{name} on {ssh.host.name} ended with code {done.returncode}: {said}",
                by_signal=128 < done.returncode < 255,
            )


def lines_command(guest: Guest, lines: int, seconds: int) -> str:
    """Shell that waits until the guest has said this many lines in this dom0."""
    return _BEATS % (guest.log, lines, seconds // 2)


def prepare(ssh: Ssh, guest: Guest) -> None:
    """What must be on a host before the guest can run there."""
    ssh.check(f"cp --sparse=always /srv/guest/hvm-boot.raw {guest.disk}")


def create(ssh: Ssh, guest: Guest, timer: Timer) -> None:
    """Create the guest and wait for its first line."""
    path = f"/root/{guest.name}.xml"
    ssh.check(f"cat > {path}", data=guest.xml().encode())
    timer.step(ssh, "create", f"{_VIRSH} create {path}", 600)
    timer.step(ssh, "boot", lines_command(guest, 1, 1200), 1300)


def migrate(source: Ssh, target: Ssh, guest: Guest, timer: Timer) -> None:
    """Migrate the guest and wait for two lines at its new place."""
    live = "--live" if guest.kind.live else ""
    uri = f"xen+tcp://{target.host.name}/system"
    command = f"{_VIRSH} migrate --p2p {live} {guest.name} {uri}"
    timer.step(source, "migrate", command, 1200)
    timer.step(target, "live on", lines_command(guest, 2, 600), 700)


def destroy(ssh: Ssh, guest: Guest, timer: Timer) -> None:
    """End the guest."""
    timer.step(ssh, "destroy", f"{_VIRSH} destroy {guest.name}", 300)


def clean(ssh: Ssh, guest: Guest) -> None:
    """Nothing of the guest stays, neither by libvirt nor by xl."""
    ssh.run(
        f"xl domid {guest.name} && "
        f"{{ timeout 60 {_VIRSH} destroy {guest.name}; xl destroy {guest.name}; }}; "
        f"rm -f {guest.disk} /root/{guest.name}.xml"
    )


def whole(source: Ssh, target: Ssh, guest: Guest, timer: Timer) -> None:
    """A whole cycle; CycleError at the first step that fails."""
    for ssh in (source, target):
        prepare(ssh, guest)
    create(source, guest, timer)
    migrate(source, target, guest, timer)
    destroy(target, guest, timer)


def logs(ssh: Ssh, guest: Guest) -> str:
    """The ends of the logs that say why a step failed."""
    files = "/var/log/libvirt/libxl/libxl-driver.log"
    more = f"/var/log/xen/qemu-dm-{guest.name}.log {guest.log}"
    return ssh.run(f"tail -n 5 {files} {more} 2>/dev/null | cut -c1-300").stdout
