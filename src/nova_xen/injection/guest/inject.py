# SPDX-License-Identifier: Apache-2.0
"""Carry out an injection plan; or fail with a sentence, and the disk is to go."""

import contextlib
import logging
import os
import re
import shutil
from collections.abc import Callable

from nova_xen import exceptions
from nova_xen.injection.guest import decide, network, render
from nova_xen.injection.guest.errors import error_of
from nova_xen.injection.guest.guardian import LOG as LOG_FILE
from nova_xen.injection.guest.memory import check_memory
from nova_xen.injection.guest.overlay import check_qcow2
from nova_xen.injection.guest.problems import Problem, Unavailable
from nova_xen.injection.guest.request import Request
from nova_xen.injection.guest.supervise import Outcome, supervise
from nova_xen.injection.options import InjectionOptions
from nova_xen.model import DiskFormat, InjectionPlan, Instance

LOG = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
#: of the worker, in the instance's folder: what is left of a killed one goes with it
_FOLDER = ".injection"
_BASES = "_base"
#: the share of the appliance's start, which takes nearly all the time
STARTED = 0.8
#: how far it is when the worker begins something
_FRACTIONS = (("looking", STARTED), ("writing", 0.9), ("closing", 0.95))
_PARTS = re.compile(r"starting .*\((\d+) of (\d+)\)$")


def inject(
    plan: InjectionPlan,
    instance: Instance,
    *,
    options: InjectionOptions,
    server: str,
    progress: Progress,
) -> None:
    """Write what the guest is told into its root disk, which nobody uses yet.

    When this fails or is interrupted the disk may hold a part of it. Nothing else is
    left: neither a process nor a file.

    :raises InjectionRefused: the request or the image cannot have it
    :raises InjectionUnavailable: the host lacks what it takes
    :raises InjectionFailed, InjectionTimeout: with libguestfs's last words as details
    """
    if not instance.setup and not network.is_needed(instance.nics):
        return
    what = f"write into the disk of {server}"
    folder = os.path.join(os.path.dirname(os.path.abspath(plan.path)), _FOLDER)
    progress(what, 0.0)

    def heard(doing: str) -> None:
        LOG.debug("Server %s: libguestfs is %s", server, doing)
        progress(what, fraction_of(doing))

    try:
        request = _request(plan, instance, options, folder)
        outcome = supervise(request, timeout=options.timeout, heard=heard)
        _keep(folder, server, options)
        if outcome.problem is None and not outcome.timed_out:
            _sync(plan.path)
    except Problem as problem:
        raise error_of(problem.kind, problem.why, problem.other, server) from problem
    except OSError as error:
        why = f"{error.strerror or error}"
        raise exceptions.InjectionFailed(
            server=server, doing="preparing it", why=why
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _raise_for(outcome, server, options)
    progress(what, 1.0)


def _request(
    plan: InjectionPlan, instance: Instance, options: InjectionOptions, folder: str
) -> Request:
    """Check all that can be checked without an appliance, and make its folder."""
    template = render.read_template(options.network_template)
    decide.check(instance.setup, instance.nics, template)
    _check_disk(plan)
    check_memory(options.memory_mib)
    cache = options.cache_dir or default_cache()
    _make_cache(cache)
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder, mode=0o700)
    return Request(
        path=os.path.abspath(plan.path),
        format=plan.format,
        partition=plan.partition,
        folder=folder,
        cache=cache,
        memory_mib=options.memory_mib,
        setup=instance.setup,
        nics=instance.nics,
        template=template,
        debug=options.debug,
    )


def _check_disk(plan: InjectionPlan) -> None:
    path = os.path.abspath(plan.path)
    if not os.access(path, os.R_OK | os.W_OK):
        raise Unavailable(
            f"{path} cannot be opened by this user",
            "run as root, or as the owner of the instance's folder",
        )
    if plan.format is DiskFormat.QCOW2:
        instances = os.path.dirname(os.path.dirname(path))
        check_qcow2(path, os.path.join(instances, _BASES))


def _make_cache(path: str) -> None:
    """Nobody else may write what the appliance is made of.

    :raises Unavailable: somebody may
    """
    os.makedirs(path, mode=0o700, exist_ok=True)
    found = os.stat(path)
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise Unavailable(
            f"{path}, where libguestfs's appliance is kept, can be written by others",
            "remove it, or give it to the user nova-xen runs as, with mode 0700",
        )


def default_cache() -> str:
    """Where this user keeps the appliance, which is built once for all servers."""
    if os.geteuid() == 0:
        return "/var/cache/nova-xen/appliance"
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "nova-xen", "appliance")


def fraction_of(doing: str) -> float:
    """How far an injection is, from 0.0 to 1.0, when the worker begins something."""
    if part := _PARTS.match(doing):
        return STARTED * int(part[1]) / int(part[2])
    return next((part for word, part in _FRACTIONS if doing.startswith(word)), 0.0)


def _sync(path: str) -> None:
    """The emulator leaves this to us."""
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _keep(folder: str, server: str, options: InjectionOptions) -> None:
    if not options.debug:
        return
    path = os.path.join(folder, LOG_FILE)
    with (
        contextlib.suppress(FileNotFoundError),
        open(path, encoding="utf-8", errors="replace") as log,
    ):
        for line in log:
            LOG.debug("Server %s: libguestfs: %s", server, line.rstrip())


def _raise_for(outcome: Outcome, server: str, options: InjectionOptions) -> None:
    error: exceptions.NovaXenError
    if outcome.timed_out:
        error = exceptions.InjectionTimeout(
            server=server, seconds=options.timeout, doing=outcome.doing
        )
    elif outcome.problem is not None:
        error = error_of(outcome.problem, outcome.why, outcome.other, server)
    else:
        return
    raise error.with_details(outcome.log)
