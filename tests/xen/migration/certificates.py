# SPDX-License-Identifier: Apache-2.0
"""Certificates by which two libvirts know each other, made with openssl."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from xen.conftest import Dom0

_DAYS = "2"


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60
    )


def make(folder: Path, hosts: Sequence[str]) -> None:
    """An authority ``ca.pem`` and ``HOST.pem``, ``HOST.key`` of each host."""
    subject = ("-subj", "/CN=nova-xen tests")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    own = ("-keyout", "ca.key", "-out", "ca.pem", "-days", _DAYS)
    _openssl(folder, "req", "-x509", *key, *own, *subject)
    for host in hosts:
        files = ("-keyout", f"{host}.key", "-out", f"{host}.csr")
        _openssl(folder, "req", "-new", *key, *files, "-subj", f"/CN={host}")
        (folder / f"{host}.ext").write_text(
            f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth,clientAuth\n"
        )
        signed = ("-in", f"{host}.csr", "-CA", "ca.pem", "-CAkey", "ca.key")
        made = ("-out", f"{host}.pem", "-extfile", f"{host}.ext", "-days", _DAYS)
        _openssl(folder, "x509", "-req", *signed, "-CAcreateserial", *made)


def install(folder: Path, host: Dom0) -> None:
    """Have a host's libvirt listen with its certificate."""
    for name in ("ca.pem", f"{host.name}.pem", f"{host.name}.key"):
        host.upload(folder / name, "/root")
    place = "install -D -m 0600"
    host.sh(
        f"{place} /root/ca.pem /etc/pki/CA/cacert.pem;"
        "for what in server client; do"
        f" {place} /root/{host.name}.pem /etc/pki/libvirt/${{what}}cert.pem;"
        f" {place} /root/{host.name}.key /etc/pki/libvirt/private/${{what}}key.pem;"
        "done;"
        "sed -i 's/^listen_tls = .*/listen_tls = 1/' /etc/libvirt/libvirtd.conf;"
        "nova-xen-lab-libvirtd restart"
    )


def remove(host: Dom0) -> None:
    """Have it as it was."""
    host.sh(
        "sed -i 's/^listen_tls = .*/listen_tls = 0/' /etc/libvirt/libvirtd.conf;"
        "rm -rf /etc/pki/libvirt /etc/pki/CA/cacert.pem;"
        "nova-xen-lab-libvirtd restart"
    )
