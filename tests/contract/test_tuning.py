# SPDX-License-Identifier: Apache-2.0
"""Memory, processors and the scheduler."""

from typing import Any

import libvirt
import pytest
from lxml import etree

from contract import documents
from contract.refusals import DOMAIN, LIBXL, refused
from contract.tiers.base import Tier

ARGUMENT = libvirt.VIR_ERR_INVALID_ARG
INVALID = libvirt.VIR_ERR_OPERATION_INVALID
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG
MAXIMUM = libvirt.VIR_DOMAIN_MEM_MAXIMUM
MOST_VCPUS = libvirt.VIR_DOMAIN_VCPU_MAXIMUM
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE


@pytest.fixture
def two_processors(xen: Tier) -> None:
    """libvirt lets no guest have more processors than its host has."""
    if xen.connection.getMaxVcpus("xen") < 2:
        pytest.skip("this host has one processor")


def _kib(domain: Any, flags: int = 0) -> tuple[str | None, str | None]:
    root = etree.fromstring(domain.XMLDesc(flags))
    return root.findtext("memory"), root.findtext("currentMemory")


def test_memory_of_now(running: Any) -> None:
    running.setMemoryFlags(100 * 1024, LIVE)
    assert _kib(running) == ("131072", "102400")
    assert _kib(running, INACTIVE) == ("131072", "131072")
    assert running.memoryStats()["available"] == 131072


def test_memory_of_the_next_start(running: Any) -> None:
    running.setMemoryFlags(100 * 1024, CONFIG)
    assert _kib(running) == ("131072", "131072")
    assert _kib(running, INACTIVE) == ("131072", "102400")


def test_memory_beyond_the_limit(running: Any) -> None:
    with refused(ARGUMENT, LIBXL, "cannot set memory higher than max memory"):
        running.setMemoryFlags(256 * 1024, LIVE)


def test_a_live_limit_is_not_written_down(running: Any) -> None:
    running.setMemoryFlags(256 * 1024, LIVE | MAXIMUM)
    assert running.maxMemory() == 131072


def test_the_limit_of_the_next_start(defined: Any) -> None:
    defined.setMemoryFlags(64 * 1024, CONFIG | MAXIMUM)
    assert _kib(defined) == ("65536", "65536")


def test_live_memory_of_a_stopped_guest(defined: Any) -> None:
    with refused(INVALID, DOMAIN, "domain is not running"):
        defined.setMemoryFlags(64 * 1024, LIVE)


def test_kept_memory_of_a_transient_guest(xen: Tier) -> None:
    domain = xen.connection.createXML(documents.guest(xen))
    words = "transient domains do not have any persistent config"
    with refused(INVALID, DOMAIN, words):
        domain.setMemoryFlags(64 * 1024, CONFIG)


def test_info_of_a_stopped_guest(defined: Any) -> None:
    assert defined.info() == [libvirt.VIR_DOMAIN_SHUTOFF, 131072, 131072, 1, 0]


def test_info_of_a_running_guest(running: Any) -> None:
    state, most, memory, cpus, _ = running.info()
    assert (state, most, cpus) == (libvirt.VIR_DOMAIN_RUNNING, 131072, 1)
    assert 0 < memory <= most + 1024


def test_processors_of_now(two_processors: None, running: Any) -> None:
    running.setVcpusFlags(2, LIVE)
    assert running.vcpusFlags(LIVE) == 2
    assert running.vcpusFlags(CONFIG) == 1
    assert running.info()[3] == 2


def test_processors_of_now_and_later(two_processors: None, running: Any) -> None:
    running.setVcpusFlags(2, LIVE | CONFIG)
    assert running.vcpusFlags(LIVE) == running.vcpusFlags(CONFIG) == 2


def test_most_processors(running: Any) -> None:
    assert running.maxVcpus() == 2
    assert running.vcpusFlags(LIVE | MOST_VCPUS) == 2


def test_processors_beyond_the_limit(two_processors: None, running: Any) -> None:
    words = "requested vcpus is greater than max allowable vcpus for the domain: 3 > 2"
    with refused(ARGUMENT, LIBXL, words):
        running.setVcpusFlags(3, LIVE)


def test_processors_need_to_be_told_when(running: Any) -> None:
    with refused(ARGUMENT, LIBXL, "invalid flag combination: (0x0)"):
        running.setVcpusFlags(1, 0)


def test_most_processors_do_not_change_live(running: Any) -> None:
    words = "Flag 'VIR_DOMAIN_AFFECT_CONFIG' is required by flag"
    with refused(ARGUMENT, DOMAIN, words):
        running.setVcpusFlags(1, LIVE | MOST_VCPUS)


def test_live_processors_of_a_stopped_guest(defined: Any) -> None:
    with refused(INVALID, LIBXL, "cannot set vcpus on an inactive domain"):
        defined.setVcpusFlags(1, LIVE)


def test_most_processors_of_a_stopped_guest(defined: Any) -> None:
    with refused(INVALID, LIBXL, "Domain is not running"):
        defined.maxVcpus()


def test_weight_and_cap_of_a_new_guest(running: Any) -> None:
    assert running.schedulerType() == ("credit2", 2)
    assert running.schedulerParameters() == {"weight": 256, "cap": 0}


def test_weight_from_the_definition(xen: Tier) -> None:
    shares = "<cputune><shares>512</shares></cputune>"
    domain = xen.connection.createXML(documents.guest(xen, extra=shares))
    assert domain.schedulerParameters()["weight"] == 512


def test_weight_and_cap_change(running: Any) -> None:
    running.setSchedulerParameters({"weight": 300})
    running.setSchedulerParameters({"cap": 50})
    assert running.schedulerParameters() == {"weight": 300, "cap": 50}


def test_changed_weight_is_not_written_down(running: Any) -> None:
    running.setSchedulerParameters({"weight": 300})
    running.destroy()
    running.create()
    assert running.schedulerParameters()["weight"] == 256


def test_the_scheduler_keeps_nothing_for_later(running: Any) -> None:
    with refused(ARGUMENT, LIBXL, "unsupported flags"):
        running.setSchedulerParametersFlags({"weight": 300}, CONFIG)


def test_kvms_word_for_weight(running: Any) -> None:
    with pytest.raises(LookupError, match="could not be recognized"):
        running.setSchedulerParameters({"cpu_shares": 300})


@pytest.mark.parametrize("call", ["schedulerType", "schedulerParameters"])
def test_scheduler_of_a_stopped_guest(defined: Any, call: str) -> None:
    with refused(INVALID, DOMAIN, "domain is not running"):
        getattr(defined, call)()


def test_a_cpuset_is_kept(xen: Tier) -> None:
    vcpus = "<vcpu cpuset='0' current='1'>2</vcpu>"
    domain = xen.connection.createXML(documents.guest(xen, vcpus=vcpus))
    root = etree.fromstring(domain.XMLDesc())
    vcpu = root.find("vcpu")
    assert vcpu is not None
    assert vcpu.get("cpuset") == "0"


def test_more_processors_now_than_ever(xen: Tier) -> None:
    vcpus = "<vcpu current='3'>2</vcpu>"
    with refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, DOMAIN):
        xen.connection.defineXML(documents.guest(xen, vcpus=vcpus))
