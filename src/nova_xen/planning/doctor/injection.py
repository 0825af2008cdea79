# SPDX-License-Identifier: Apache-2.0
"""What libguestfs needs to write into guests' disks, where the options want that."""

from collections.abc import Iterator

from nova_xen.model import MIB
from nova_xen.model.doctor import ApplianceFacts, Finding, GuestfsModule
from nova_xen.planning.doctor.words import ok, problem, size

#: Nova's number for no injection
OFF = -2
#: bytes of libguestfs's appliance, and some more
NEEDED = 400 * MIB
_KERNEL = "Install one (apt install linux-image-cloud-amd64)"


def injection(facts: ApplianceFacts) -> Iterator[Finding]:
    """Nothing, where nothing is to be injected."""
    if facts.partition == OFF:
        yield ok(
            "injection",
            "Nothing is injected into guests' disks ([libvirt] inject_partition is "
            f"{OFF}), so libguestfs is not needed.",
        )
        return
    found = [*_module(facts), *_kernel(facts), *_programs(facts), *_cache(facts)]
    yield from found
    if not found:
        yield ok("injection", "libguestfs has what it needs.")


def _module(facts: ApplianceFacts) -> Iterator[Finding]:
    match facts.module:
        case GuestfsModule.MISSING:
            yield problem(
                "injection",
                "libguestfs's module for Python is not installed: no files can be "
                "injected into guests.",
                "Install it (apt install python3-guestfs).",
            )
        case GuestfsModule.ANOTHER:
            yield problem(
                "injection",
                "libguestfs's module is Debian's own Python's and this is Python "
                f"{facts.python}: no files can be injected into guests.",
                "Make the virtualenv anew with /usr/bin/python3 -m venv.",
            )
        case GuestfsModule.FOUND:
            return


def _kernel(facts: ApplianceFacts) -> Iterator[Finding]:
    """supermin takes a kernel of /boot that has its modules; Xen's dom0 kernel does."""
    if any(each.readable and each.modules for each in facts.kernels):
        return
    if not facts.kernels:
        sentence = f"There is no kernel in {facts.boot} for libguestfs's appliance."
        yield problem("injection", sentence, f"{_KERNEL}.")
        return
    first = facts.kernels[0]
    if not first.readable:
        yield problem(
            "injection",
            f"The kernel {first.path} cannot be read by this user, so that libguestfs "
            "finds none for its appliance.",
            "Run nova-xen as root, or make it readable (dpkg-statoverride --update "
            f"--add root root 0644 {first.path}).",
        )
        return
    yield problem(
        "injection",
        f"The kernel {first.path} has no modules in /lib/modules, so that libguestfs "
        "finds none for its appliance.",
        f"{_KERNEL}.",
    )


def _programs(facts: ApplianceFacts) -> Iterator[Finding]:
    if not facts.supermin:
        yield problem(
            "injection",
            "supermin is not on this host: libguestfs's appliance cannot be built.",
            "Install it (apt install supermin).",
        )
    if not facts.emulates:
        yield problem(
            "injection",
            f"There is no {facts.emulator} to run libguestfs's appliance.",
            "Install it (apt install qemu-system-x86).",
        )


def _cache(facts: ApplianceFacts) -> Iterator[Finding]:
    if facts.cache_open:
        yield problem(
            "injection",
            f"{facts.cache}, where libguestfs's appliance is kept, can be written by "
            "others: no files are injected into guests.",
            "Remove it, or give it to the user nova-xen runs as, with mode 0700.",
        )
    if facts.free is not None and facts.free < NEEDED:
        yield problem(
            "injection",
            f"{facts.cache} has {size(facts.free)} free, and libguestfs's appliance "
            f"takes some {size(NEEDED)} there.",
            "Free some space, or set the option [xen] guestfs_cache_dir.",
        )
