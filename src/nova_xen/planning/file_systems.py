# SPDX-License-Identifier: Apache-2.0
"""Kinds of file systems, by the kernel's words for them (proc(5), mountinfo)."""

NFS = frozenset({"nfs", "nfs4"})
#: those that several hosts can have at once
SHARED = NFS | {
    *("9p", "ceph", "cifs", "fuse.ceph", "fuse.ceph-fuse", "fuse.glusterfs"),
    *("fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ocfs2", "smb3"),
}
