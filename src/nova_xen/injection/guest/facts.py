# SPDX-License-Identifier: Apache-2.0
"""What is looked at in a guest before anything is decided."""

import dataclasses
from collections.abc import Mapping

SHADOW = "/etc/shadow"
PASSWD = "/etc/passwd"  # noqa: S105  # nosec B105
LOGIN_DEFS = "/etc/login.defs"
FSTAB = "/etc/fstab"
HOSTNAME = "/etc/hostname"
HOSTS = "/etc/hosts"
SSH_FOLDER = "/root/.ssh"
AUTHORIZED_KEYS = f"{SSH_FOLDER}/authorized_keys"
SELINUX_CONFIG = "/etc/selinux/config"
INTERFACES = "/etc/network/interfaces"
CLOUD_INIT = "/etc/cloud/cloud.cfg.d"
UDEV_RULES = "/etc/udev/rules.d"
RESOLV = "/etc/resolv.conf"

#: files whose content is read
READ = (
    *(SHADOW, PASSWD, LOGIN_DEFS, HOSTS, AUTHORIZED_KEYS, SELINUX_CONFIG, FSTAB),
    RESOLV,
)

_WANTED = "/etc/systemd/system/multi-user.target.wants"
NETPLAN = ("/usr/sbin/netplan", "/sbin/netplan")
IFUP = ("/usr/sbin/ifup", "/sbin/ifup")
#: Debian's ifupdown alone has it; NetworkManager has an ifup of its own elsewhere
IFUPDOWN = "/etc/network"
UDEV = ("/usr/lib/udev/rules.d", "/lib/udev/rules.d", UDEV_RULES)
NETWORK_MANAGER = ("/usr/sbin/NetworkManager", "/usr/bin/NetworkManager")
NETWORKD_ENABLED = (f"{_WANTED}/systemd-networkd.service",)
#: what makes /etc/resolv.conf of the name servers it is told
RESOLVERS = (
    *("/usr/sbin/resolvconf", "/sbin/resolvconf"),
    *("/usr/lib/systemd/systemd-resolved", "/lib/systemd/systemd-resolved"),
    *NETWORK_MANAGER,
)

#: places of which is asked whether there is anything, a link included
LOOKED_AT = (
    *NETPLAN,
    *IFUP,
    *NETWORK_MANAGER,
    *NETWORKD_ENABLED,
    *UDEV,
    *RESOLVERS,
    *("/etc", IFUPDOWN, INTERFACES, CLOUD_INIT),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuestFacts:
    """What was found: ``contents`` of regular files, and ``present`` places.

    ``odd`` tells what stands at a place to be read that is no regular file of a
    sensible size, by path: "a link", "a fifo", "a file of 12 MB".
    """

    contents: Mapping[str, bytes] = dataclasses.field(default_factory=dict, repr=False)
    present: frozenset[str] = frozenset()
    odd: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def has(self, *places: str) -> bool:
        """Whether there is anything at one of these places."""
        return not self.present.isdisjoint(places)

    def text(self, path: str) -> str:
        """The content of a file, empty when there is none; bytes that are no UTF-8
        survive a round trip through :func:`to_bytes`.
        """
        return self.contents.get(path, b"").decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """What :meth:`GuestFacts.text` gave, as it was."""
    return text.encode("utf-8", "surrogateescape")
