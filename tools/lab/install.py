# SPDX-License-Identifier: Apache-2.0
"""Put the checkout's nova_xen into dom0, with the Python libraries it asks for."""

import subprocess

from lab import dom0_packages, dom0_python, package, tree
from lab.errors import LabError
from lab.hosts import Lab
from lab.progress import say
from lab.settings import SUITES, Host, Suite
from lab.ssh import Ssh

_VENV = f"/{dom0_python.VENV}"
_UNPACK = f"""set -e
rm -rf {_VENV}/lib/python*/site-packages/nova_xen
rm -rf {_VENV}/lib/python*/site-packages/nova_xen-*.dist-info
tar -xzf - -C / --no-same-owner
for program in %s; do ln -sf "/$program" /usr/local/bin/; done
echo %s > {_VENV}/package.key
"""


def install(lab: Lab, host: Host) -> None:
    """Bring dom0's copy up to date; nothing happens when it is."""
    suite = _suite(lab, host)
    found = package.collect(suite.python)
    if found is None:
        say("the checkout has no src/nova_xen yet: nothing is installed in dom0")
        return
    ssh = lab.ssh(host)
    libraries, installed = _keys(ssh)
    if libraries != dom0_python.wanted(suite).key:
        _libraries(lab, ssh, suite)
        installed = ""
    if installed == found.key:
        say(f"nova-xen on {host.name} is up to date")
        return
    command = _UNPACK % (" ".join(found.programs), found.key)
    ssh.check(command, timeout=300, data=found.archive())
    say(f"nova-xen installed on {host.name} ({len(found.files)} files)")


def _suite(lab: Lab, host: Host) -> Suite:
    record = lab.record(host)
    if record is None:
        raise LabError(f"{host.name} was never started: type 'xenlab up'.")
    return SUITES[record.suite]


def _keys(ssh: Ssh) -> tuple[str, str]:
    names = f"{_VENV}/libraries.key {_VENV}/package.key"
    text = ssh.check(f"for f in {names}; do cat $f 2>/dev/null || echo; done")
    libraries, installed = text.split("\n")[:2]
    return libraries, installed


def _libraries(lab: Lab, ssh: Ssh, suite: Suite) -> None:
    say(f"{ssh.host.name} has other Python libraries than the checkout asks for")
    want = dom0_python.wanted(suite)
    options = dom0_packages.dpkg_options()
    spec = tree.spec(suite.name, dom0_packages.packages(suite), options)
    source = tree.built(lab.folder / "trees", spec, f"dom0 tree ({suite.name})")
    made = dom0_python.built(lab.folder / "python", want, source)
    parent, name = (made / dom0_python.VENV).parent, "nova-xen"
    packed = subprocess.run(
        ["tar", "-czf", "-", "-C", str(parent), name], capture_output=True, check=True
    )
    command = f"rm -rf {_VENV} && tar -xzf - -C /opt --no-same-owner"
    ssh.check(command, timeout=600, data=packed.stdout)
    say(f"Python libraries of {ssh.host.name} renewed")
