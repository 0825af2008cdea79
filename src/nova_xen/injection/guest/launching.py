# SPDX-License-Identifier: Apache-2.0
"""Why an appliance did not start, from what libguestfs said of it."""

import re

from nova_xen.injection.guest.problems import Failed, Problem, Unavailable

_STARTING = "starting its appliance"
#: words of supermin, QEMU and Linux; why; what to do
_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"failed to find a suitable kernel|no kernels? (was|were)? ?found",
        "there is no kernel for libguestfs's appliance in /boot",
        "apt install linux-image-cloud-amd64",
    ),
    (
        r"supermin: (?:open|ext2|cp|copy|read).*Permission denied"
        r"|/boot/vmlinuz\S*: Permission denied|cp: cannot open '/boot",
        "the kernel in /boot cannot be read by this user",
        "run as root, or make it readable (dpkg-statoverride --update --add root root"
        " 0644 /boot/vmlinuz-…)",
    ),
    (
        r"[Cc]annot allocate memory|cannot set up guest memory",
        "there is not enough memory for libguestfs's appliance",
        "give Domain-0 more memory, or lower [xen] guestfs_memory",
    ),
    (
        r"Out of memory|System is deadlocked on memory|unable to mount root fs",
        "libguestfs's appliance has too little memory",
        "raise [xen] guestfs_memory",
    ),
    (
        r"No space left on device",
        "there is no space left for libguestfs's appliance",
        "free some 400 MB where it is cached",
    ),
    (
        r"Could not open '[^']*': Permission denied",
        "this user may not open the disk",
        "run as root, or as the owner of the instance's folder",
    ),
)
_SUPERMIN = re.compile(r"^supermin: (?:error: )?(.+)$", re.MULTILINE)


def launch_problem(error: str, log: str) -> Problem:
    """The problem that libguestfs's error and its log tell of."""
    said = f"{error}\n{log}"
    for words, why, advice in _KNOWN:
        if re.search(words, said):
            return Unavailable(why, advice)
    if "supermin exited with error" in said or "supermin: error" in said:
        lines = _SUPERMIN.findall(said)
        why = lines[-1].rstrip(". ") if lines else "it did not say why"
        return Unavailable(
            f"libguestfs's appliance could not be built ({why})",
            "see that libguestfs-test-tool passes",
        )
    return Failed(_first_line(error), _STARTING)


def _first_line(error: str) -> str:
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return lines[0].rstrip(". ") if lines else "it said nothing"
