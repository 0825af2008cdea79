# SPDX-License-Identifier: Apache-2.0
"""What libvirt says of the host's CPU, its model's features included."""

from __future__ import annotations

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import Connection
from nova_xen.hypervisor.capabilities import cpu_features, host_cpu
from nova_xen.hypervisor.cpu import host_cpu_features
from nova_xen.testing import FakeHost

CPU = """
<cpu><arch>x86_64</arch><model>Westmere</model>
  <feature name='avx'/><feature policy='require' name='aes'/>
  <feature policy='disable' name='mpx'/><feature/>
</cpu>
"""


def test_features_that_are_listed() -> None:
    assert cpu_features(CPU) == {"avx", "aes"}


def test_the_cpu_of_a_host() -> None:
    assert cpu_features(host_cpu(f"<c><host>{CPU}</host></c>")) == {"avx", "aes"}


@pytest.mark.parametrize("text", ["<capabilities/>", "<capabilities>", ""])
def test_capabilities_without_a_cpu(text: str) -> None:
    with pytest.raises(ValueError, match="no "):
        host_cpu(text)


def test_the_model_counts_too(connection: Connection) -> None:
    """avx2 is listed beside the model Westmere, which has SSE 4.2."""
    assert {"avx2", "sse4.2", "sse2"} <= host_cpu_features(connection)
    assert connection.calls == {"getCapabilities": 1, "baselineCPU": 1}


def test_a_model_that_libvirt_cannot_say(
    connection: Connection, host: FakeHost
) -> None:
    host.fail_next("baselineCPU", 1, "Unknown CPU model")
    found = host_cpu_features(connection)
    assert "avx2" in found
    assert "sse2" not in found


def test_no_cpu_at_all(connection: Connection, host: FakeHost) -> None:
    host.capabilities = "<capabilities/>"
    with pytest.raises(exceptions.HypervisorError, match="have no CPU of the host"):
        host_cpu_features(connection)


def test_a_dead_libvirtd(connection: Connection, host: FakeHost) -> None:
    host.fail_next("getCapabilities", 1, "libvirt failed")
    with pytest.raises(exceptions.HypervisorError, match="what the host's CPU can do"):
        host_cpu_features(connection)
