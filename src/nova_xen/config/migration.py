# SPDX-License-Identifier: Apache-2.0
"""Options of migrations: Nova's by Nova's names, and some in [xen] of our own.

Nova's options for what libxl cannot do (bandwidth, downtime, post-copy, auto-converge,
TLS of QEMU) are not registered: they would be promises.
"""

from oslo_config import cfg

default_opts = [
    cfg.IntOpt(
        "max_concurrent_live_migrations",
        default=1,
        min=0,
        help="""
How many servers may leave a host at once, and how many may arrive.

With 0 there is no limit. Several at once share the network, and each takes
longer.
""",
    ),
]

libvirt_opts = [
    cfg.StrOpt(
        "live_migration_scheme",
        default="tls",
        choices=[
            ("tls", "encrypted, both hosts prove who they are by certificates"),
            ("ssh", "encrypted, root of one host logs in to the other by its key"),
            ("tcp", "neither encrypted nor asking who is there"),
            ("xen+tls", "the same as tls"),
            ("xen+ssh", "the same as ssh"),
            ("xen+tcp", "the same as tcp"),
        ],
        help="""
How libvirt of one host reaches libvirt of another during a migration.

With ``tcp`` whoever reaches the port rules all guests of the host: use it on
a network of its own alone.

Related options:

* ``live_migration_uri`` overrides this.
* The memory of the guest goes over a connection of its own, which none of
  these encrypts; see ``live_migration_tunnelled``.
""",
    ),
    cfg.StrOpt(
        "live_migration_uri",
        help="""
URI of libvirt on the other host; ``%s`` stands for the address.

A user or a port is given here, as in ``xen+ssh://admin@%s:2222/system``.
IPv6 addresses get their brackets by themselves.

Related options:

* Unset, ``live_migration_scheme`` makes it: ``xen+tls://%s/system``.
""",
    ),
    cfg.HostAddressOpt(
        "live_migration_inbound_addr",
        help="""
Address of this host that servers migrate to; unset, its host name.

Both libvirt's connection and the memory of guests come to it. An IPv6
address must have a name, and the name be given, unless migrations are
tunnelled: libvirt cannot send memory to an IPv6 address.
""",
    ),
    cfg.BoolOpt(
        "live_migration_tunnelled",
        default=False,
        help="""
Send the memory of guests through libvirt's own connection.

It is then as well encrypted as ``live_migration_scheme`` says, and
otherwise not at all: whoever listens between the hosts reads all of the
guest's memory.

The price is that every byte passes through libvirt on both hosts, where one
thread reads, encrypts and writes it, so that a migration takes longer and
more of the host's processors.
""",
    ),
    cfg.IntOpt(
        "live_migration_completion_timeout",
        default=800,
        min=0,
        help="""
Seconds that a migration may take for each GiB of the server's memory.

At least 2 GiB are counted. With 0 it may take for ever.

Related options:

* ``live_migration_timeout_action`` says what happens then.
""",
    ),
    cfg.StrOpt(
        "live_migration_timeout_action",
        default="abort",
        choices=[
            ("abort", "the server stays where it is"),
            ("force_complete", "the server is slowed down until it has moved"),
        ],
        help="""
What happens to a migration that takes too long.

A migration that was forced has as long again and is aborted then.
""",
    ),
    cfg.FloatOpt(
        "live_migration_monitor_interval",
        default=1.0,
        min=0.1,
        help="""
Seconds between two looks at a running migration, at least.

Looks that would take more than a hundredth of a processor are fewer, with
three seconds in between at most.
""",
    ),
]

xen_opts = [
    cfg.StrOpt(
        "migration_peer_command",
        default="ssh -o BatchMode=yes -o ConnectTimeout=10 "
        "-o ServerAliveInterval=5 -o ServerAliveCountMax=3 "
        "root@%s nova-xen migration peer",
        help="""
Command that runs this program on the other host; ``%s`` is its address.

It is split into words as a shell would and run without one. What it starts
checks the other host before a migration and sets things right after it.
""",
    ),
    cfg.StrOpt(
        "migration_state_path",
        default="/var/lib/nova-xen/migrations",
        help="""
Directory with a file for each migration, running and ended.

It must be on a disk of this host, and survive its reboot.
""",
    ),
    cfg.StrOpt(
        "migration_metrics_path",
        default="",
        help="""
File that the numbers of migrations are written to, for Prometheus.

Possible values:

* a path in the directory that the node exporter reads (``*.prom``)
* empty: none
""",
    ),
    cfg.StrOpt(
        "libvirtd_restart_command",
        default="systemctl restart libvirtd",
        help="""
Command that restarts libvirt on this host; guests go on meanwhile.

Nothing else clears what a host that died in mid-migration leaves in it. It
is split into words as a shell would and run without one.

Possible values:

* empty: it is never restarted, a person is told to do it
""",
    ),
]
