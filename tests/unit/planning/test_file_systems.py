# SPDX-License-Identifier: Apache-2.0
"""Which file systems several hosts can have."""

import pytest

from nova_xen.planning.file_systems import NFS, SHARED


@pytest.mark.parametrize(
    "kind",
    [
        *("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"),
        *("ceph", "fuse.ceph", "fuse.ceph-fuse", "glusterfs", "fuse.glusterfs"),
        *("gfs2", "ocfs2", "gpfs", "lustre"),
    ],
)
def test_those_of_several_hosts(kind: str) -> None:
    assert kind in SHARED
    assert (kind in NFS) is kind.startswith("nfs")


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "nf", ""])
def test_those_of_one_host(kind: str) -> None:
    assert kind not in SHARED
