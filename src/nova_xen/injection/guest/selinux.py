# SPDX-License-Identifier: Apache-2.0
"""Labels of SELinux: the appliance has no policy, and the guest cannot boot without.

Types are those of the reference policy's file contexts.
"""

import re

from nova_xen.injection.guest.facts import SELINUX_CONFIG, GuestFacts

XATTR = "security.selinux"
#: has the guest label everything anew at its next boot, which takes minutes
AUTORELABEL = "/.autorelabel"
_MODE = re.compile(r"^\s*SELINUX\s*=\s*(\w+)", re.MULTILINE)
_TYPES = (
    ("/root/.ssh", "ssh_home_t"),
    ("/etc/shadow", "shadow_t"),
    ("/etc/hostname", "hostname_etc_t"),
    ("/etc/hosts", "net_conf_t"),
    ("/etc/NetworkManager/system-connections", "NetworkManager_etc_rw_t"),
    ("/etc/systemd/network", "net_conf_t"),
    ("/etc/udev/rules.d", "udev_rules_t"),
)


def is_labelled(facts: GuestFacts) -> bool:
    """Whether the guest runs SELinux, enforcing or permissive."""
    modes = _MODE.findall(facts.text(SELINUX_CONFIG))
    return bool(modes) and modes[-1].lower() in ("enforcing", "permissive")


def label_for(
    path: str, old: str | None, parent: str | None, asked: str | None = None
) -> str | None:
    """The label of what was written; None when only the guest itself can tell.

    :param asked: the path by which it was asked for, where links led to ``path``:
        systems that have /root elsewhere label it as if it were there
    :param old: of the file that was there before
    :param parent: of the folder, which SELinux too gives to what is made in it
    """
    if old:
        return old
    for known in (path, asked or path):
        for place, name in _TYPES:
            if known == place or known.startswith(f"{place}/"):
                return f"system_u:object_r:{name}:s0"
    return parent
