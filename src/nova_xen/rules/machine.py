# SPDX-License-Identifier: Apache-2.0
"""Rules of the machine: type, boot, memory, vCPUs, clock."""

import re
import uuid
from collections.abc import Iterator

from nova_xen.domain import Domain
from nova_xen.model import GuestMode
from nova_xen.rules.base import mode_of, rule

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}", re.ASCII)
MACHINES = {
    GuestMode.PV: "xenpv",
    GuestMode.HVM: "xenfv",
    GuestMode.PVH: "xenpvh",
}


@rule("XEN001")
def domain_type(domain: Domain) -> Iterator[str]:
    """libxl runs domains of type xen alone (code 8 for any other)."""
    if domain.type != "xen":
        yield f"the domain type is {domain.type}, and libxl runs xen only"


@rule("XEN002")
def machine(domain: Domain) -> Iterator[str]:
    """libxl knows xenpv, xenfv and xenpvh."""
    mode = mode_of(domain)
    if domain.os.machine not in (None, MACHINES[mode]):
        yield f"the machine of a {mode} guest is {MACHINES[mode]}, not " + str(
            domain.os.machine
        )


@rule("XEN003")
def pv_boots(domain: Domain) -> Iterator[str]:
    """libvirt accepts a PV guest with neither and silently runs pygrub in dom0."""
    if mode_of(domain) is GuestMode.PV and not (domain.os.kernel or domain.bootloader):
        yield "a PV guest needs a kernel or a boot loader"


@rule("XEN004")
def pvh_boots(domain: Domain) -> Iterator[str]:
    """A PVH guest without either is accepted and dies at its start."""
    if mode_of(domain) is GuestMode.PVH and not (domain.os.kernel or domain.bootloader):
        yield "a PVH guest needs a kernel or a boot loader"


@rule("XEN005")
def firmware_only_for_hvm(domain: Domain) -> Iterator[str]:
    """Loader and boot order belong to firmware, which HVM alone has."""
    if mode_of(domain) is GuestMode.HVM:
        return
    if domain.os.loader or domain.os.boot:
        yield f"a {mode_of(domain)} guest has no firmware, so no loader or boot order"


@rule("XEN006")
def command_line_needs_kernel(domain: Domain) -> Iterator[str]:
    """The device model refuses -append without -kernel."""
    if domain.os.kernel is None and (domain.os.cmdline or domain.os.initrd):
        yield "a command line or ramdisk needs a kernel"


@rule("XEN007")
def one_way_to_boot(domain: Domain) -> Iterator[str]:
    """libxl would take the boot loader and forget the kernel."""
    if domain.bootloader and (domain.os.kernel or mode_of(domain) is GuestMode.HVM):
        yield "a boot loader stands beside a kernel or firmware; choose one"


@rule("XEN008")
def boot_paths(domain: Domain) -> Iterator[str]:
    """Relative paths would be looked for in libvirtd's folder."""
    for path in (domain.os.kernel, domain.os.initrd, domain.os.loader):
        if path is not None and not path.startswith("/"):
            yield f"{path} is not an absolute path"


@rule("XEN009")
def pc_features_only_for_hvm(domain: Domain) -> Iterator[str]:
    """libxl reads PAE, ACPI and APIC for HVM guests alone."""
    features = domain.features
    if features is None or mode_of(domain) is GuestMode.HVM:
        return
    if features.pae or features.acpi or features.apic:
        yield f"a {mode_of(domain)} guest has no pae, acpi or apic feature"


@rule("XEN040")
def whole_mebibytes(domain: Domain) -> Iterator[str]:
    """libxl rounds up to MiB, and the document would no longer be what runs."""
    if domain.memory <= 0 or domain.memory % 1024:
        yield f"{domain.memory} KiB of memory is not a whole number of MiB"


@rule("XEN041")
def current_memory(domain: Domain) -> Iterator[str]:
    """More than the maximum is cut; less needs a balloon driver from the start."""
    if domain.current_memory not in (None, domain.memory):
        yield (
            f"current memory of {domain.current_memory} KiB differs from the maximum "
            f"of {domain.memory} KiB; a guest without a balloon driver would crash"
        )


@rule("XEN042")
def balloon(domain: Domain) -> Iterator[str]:
    """libxl: only the xen balloon, and it cannot be left out."""
    device = domain.devices.memballoon
    if device is not None and device.model != "xen":
        yield f"the balloon model is {device.model}, and libxl has xen only"


@rule("XEN043")
def vcpus(domain: Domain) -> Iterator[str]:
    """A guest has a vCPU at least."""
    if domain.vcpus < 1:
        yield f"{domain.vcpus} vCPUs are too few"


@rule("XEN044")
def weight(domain: Domain) -> Iterator[str]:
    """The credit scheduler's range."""
    if domain.shares is not None and not 1 <= domain.shares <= 65535:
        yield f"a scheduler weight of {domain.shares} is outside 1 to 65535"


@rule("XEN045")
def clock_offset(domain: Domain) -> Iterator[str]:
    """libxl has utc, localtime and variable; the last is not written here."""
    clock = domain.clock
    if clock is not None and clock.offset not in ("utc", "localtime"):
        yield f"the clock offset {clock.offset} is neither utc nor localtime"


@rule("XEN050")
def name(domain: Domain) -> Iterator[str]:
    """The name goes into paths of logs and into xenstore."""
    if not NAME.fullmatch(domain.name) or ".." in domain.name:
        yield f"{domain.name!r} is no valid name for a domain"


@rule("XEN051")
def identity(domain: Domain) -> Iterator[str]:
    """The all-zero UUID is Domain-0's."""
    try:
        number = uuid.UUID(domain.uuid).int
    except ValueError:
        yield f"{domain.uuid!r} is no UUID"
        return
    if number == 0:
        yield "the all-zero UUID belongs to Domain-0"
