# SPDX-License-Identifier: Apache-2.0
"""Whether libvirt lets libxl take memory from Domain-0 when a guest needs it.

libvirt's own rule (libxlGetAutoballoonConf): ``autoballoon`` in libxl.conf decides;
without it libxl balloons unless Xen was booted with a fixed ``dom0_mem``.
"""

import functools
import logging
import re
import shutil
import subprocess
from pathlib import Path

from nova_xen.hypervisor.xl import parse_info

LOG = logging.getLogger(__name__)

LIBXL_CONF = Path("/etc/libvirt/libxl.conf")
#: seconds
XL_TIMEOUT = 20

_SETTING = re.compile(r"^\s*autoballoon\s*=\s*([01])\s*(?:#.*)?$", re.MULTILINE)
_DOM0_MEM = re.compile(r"(^| )dom0_mem=((|min:|max:)[0-9]+[bBkKmMgG]?,?)+($| )")


def libxl_autoballoons(conf: Path = LIBXL_CONF, *, xl: str = "xl") -> bool:
    """Whether it does; no when Xen's command line cannot be read."""
    try:
        text = conf.read_text(errors="replace")
    except OSError:
        text = ""
    setting = configured(text)
    if setting is not None:
        return setting
    commandline = xen_commandline(xl)
    return commandline is not None and not has_fixed_dom0(commandline)


def configured(text: str) -> bool | None:
    """What libxl.conf says; None when it leaves the choice open."""
    found = _SETTING.findall(text)
    return found[-1] == "1" if found else None


def has_fixed_dom0(commandline: str) -> bool:
    """Whether Xen's command line gives Domain-0 a fixed memory."""
    return _DOM0_MEM.search(commandline) is not None


def xen_commandline(xl: str = "xl") -> str | None:
    """Xen's command line by ``xl info``; None when it is not to be had."""
    program = shutil.which(xl)
    if program is None:
        return None
    try:
        return _told_by(program)
    except (OSError, subprocess.SubprocessError) as error:
        LOG.warning("Xen's command line is not known: %s", error)
        return None


@functools.lru_cache
def _told_by(program: str) -> str | None:
    """Asked once, for it stays until the host is booted again."""
    done = subprocess.run(
        [program, "info"],
        capture_output=True,
        check=True,
        text=True,
        timeout=XL_TIMEOUT,
    )
    return parse_info(done.stdout).get("xen_commandline")
