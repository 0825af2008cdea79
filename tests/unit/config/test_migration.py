# SPDX-License-Identifier: Apache-2.0
"""Options of migrations, and what becomes of their values."""

import pathlib
from collections.abc import Callable

import pytest
from oslo_config import cfg

from nova_xen import config, exceptions
from nova_xen.config.migration import default_opts, libvirt_opts, xen_opts
from nova_xen.model import MigrationOptions, TimeoutAction

Write = Callable[[str], cfg.ConfigOpts]

PEER = (
    *("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
    *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"),
    *("root@%s", "nova-xen", "migration", "peer"),
)


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Write:
    """Writes a configuration file and reads it."""
    path = tmp_path / "nova.conf"

    def written(text: str) -> cfg.ConfigOpts:
        path.write_text(text, "utf-8")
        return config.load([str(path)])

    return written


def test_defaults() -> None:
    """They are the model's own, and the two commands."""
    assert config.migration_options(config.load()) == MigrationOptions(
        peer_command=PEER, restart_command=("systemctl", "restart", "libvirtd")
    )


def test_values(write: Write) -> None:
    conf = write(
        """
[DEFAULT]
max_concurrent_live_migrations = 3
[libvirt]
live_migration_uri = xen+ssh://admin@%s:2222/system
live_migration_scheme = ssh
live_migration_inbound_addr = 192.0.2.7
live_migration_tunnelled = true
live_migration_completion_timeout = 60
live_migration_timeout_action = force_complete
live_migration_monitor_interval = 0.5
[xen]
migration_peer_command = ssh -i '/root/my key' %s nova-xen migration peer
migration_state_path = /srv/migrations
migration_metrics_path = /srv/node/nova-xen.prom
libvirtd_restart_command =
"""
    )
    assert config.migration_options(conf) == MigrationOptions(
        uri="xen+ssh://admin@%s:2222/system",
        scheme="xen+ssh",
        inbound_addr="192.0.2.7",
        tunnelled=True,
        completion_timeout=60,
        timeout_action=TimeoutAction.FORCE_COMPLETE,
        monitor_interval=0.5,
        max_concurrent=3,
        peer_command=(
            "ssh",
            "-i",
            "/root/my key",
            "%s",
            "nova-xen",
            "migration",
            "peer",
        ),
        state_path="/srv/migrations",
        metrics_path="/srv/node/nova-xen.prom",
        restart_command=(),
    )


@pytest.mark.parametrize(
    ("given", "scheme"),
    [
        ("tls", "xen+tls"),
        ("ssh", "xen+ssh"),
        ("tcp", "xen+tcp"),
        ("xen+tls", "xen+tls"),
        ("xen+ssh", "xen+ssh"),
        ("xen+tcp", "xen+tcp"),
    ],
)
def test_schemes(write: Write, given: str, scheme: str) -> None:
    conf = write(f"[libvirt]\nlive_migration_scheme = {given}\n")
    assert config.migration_options(conf).scheme == scheme


@pytest.mark.parametrize(
    "text",
    [
        "[libvirt]\nlive_migration_scheme = rdma",
        "[libvirt]\nlive_migration_inbound_addr = a b",
        "[libvirt]\nlive_migration_completion_timeout = -1",
        "[libvirt]\nlive_migration_timeout_action = pause",
        "[libvirt]\nlive_migration_monitor_interval = 0",
        "[libvirt]\nlive_migration_tunnelled = perhaps",
        "[DEFAULT]\nmax_concurrent_live_migrations = -1",
    ],
)
def test_values_that_cannot_be(write: Write, text: str) -> None:
    with pytest.raises(exceptions.InvalidConfig):
        write(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "migration_peer_command =",
            "[xen] migration_peer_command is empty; it must name a program",
        ),
        (
            "migration_peer_command = ssh 'root@%s",
            '[xen] migration_peer_command is "ssh \'root@%s", which is no command '
            "(No closing quotation)",
        ),
        (
            'libvirtd_restart_command = service "libvirtd',
            "[xen] libvirtd_restart_command is 'service \"libvirtd', which is no "
            "command (No closing quotation)",
        ),
        (
            "migration_state_path = migrations",
            "[xen] migration_state_path is 'migrations'; it must begin with /",
        ),
        (
            "migration_state_path =",
            "[xen] migration_state_path is ''; it must begin with /",
        ),
        (
            "migration_metrics_path = nova.prom",
            "[xen] migration_metrics_path is 'nova.prom'; it must begin with /",
        ),
    ],
)
def test_values_of_ours_that_cannot_be(write: Write, text: str, why: str) -> None:
    conf = write(f"[xen]\n{text}\n")
    with pytest.raises(exceptions.InvalidConfig) as refused:
        config.migration_options(conf)
    assert str(refused.value) == f"The configuration is wrong: {why}."


def test_what_libxl_cannot_do_is_no_option() -> None:
    """A nova.conf that sets them is read, and promises nothing."""
    names = {opt.dest for opt in [*default_opts, *libvirt_opts, *xen_opts]}
    impossible = {
        "live_migration_bandwidth",
        "live_migration_downtime",
        "live_migration_downtime_steps",
        "live_migration_downtime_delay",
        "live_migration_permit_post_copy",
        "live_migration_permit_auto_converge",
        "live_migration_with_native_tls",
    }
    assert not names & impossible


def test_other_options_of_nova_are_let_be(write: Write) -> None:
    conf = write("[libvirt]\nlive_migration_bandwidth = 10\n")
    assert config.migration_options(conf).peer_command == PEER
