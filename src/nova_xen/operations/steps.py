# SPDX-License-Identifier: Apache-2.0
"""Work in steps, each with its undo: all of it is done, or none of it is left."""

import dataclasses
import logging
from collections.abc import Callable, Iterable

from nova_xen import exceptions
from nova_xen.hypervisor import LogMark

LOG = logging.getLogger(__name__)

#: failures that already say everything; others are told with the step they broke
_COMPLETE = (
    exceptions.InvalidRequest,
    exceptions.HostCannot,
    exceptions.ImageRejected,
    exceptions.ImageUnavailable,
    exceptions.FileMissing,
    exceptions.RulesBroken,
)


def _nothing() -> None:
    """Undo of a step that leaves nothing."""


@dataclasses.dataclass(frozen=True)
class Step:
    """``undo`` must be right whether ``do`` ended, failed half way or never began."""

    name: str
    do: Callable[[], object]
    undo: Callable[[], object] = _nothing


def _nothing_left() -> str:
    return "Nothing was left behind."


def run_steps(
    server: str,
    action: str,
    steps: Iterable[Step],
    mark: LogMark | None = None,
    undone: Callable[[], str] = _nothing_left,
) -> None:
    """Do the steps in order; when one fails, undo it and all before it, last first.

    An interrupt (Ctrl-C, SIGTERM made an exception) is undone likewise and passed on.

    :param mark: where the logs of libxl stood before, for the tail on the error
    :param undone: asked for the sentence on what there is once all was undone
    :raises StepFailed: naming the step, why, and what could not be undone
    :raises NovaXenError: as the step raised it, when it says everything already
    """
    begun: list[Step] = []
    for step in steps:
        begun.append(step)
        LOG.debug("Server %s: %s", server, step.name)
        try:
            step.do()
        except BaseException as exc:
            details = mark.tail() if mark else ()
            left = _undo(server, begun)
            if not isinstance(exc, Exception):
                raise
            if isinstance(exc, _COMPLETE) and not left:
                raise
            end = _end(left, undone)
            raise _told(server, action, step, exc, end, details) from exc


def _undo(server: str, begun: list[Step]) -> list[str]:
    """Undo every step that was begun; what failed is named."""
    left = []
    for step in reversed(begun):
        try:
            step.undo()
        except Exception as exc:
            LOG.warning("Server %s: undo of '%s': %s", server, step.name, exc)
            left.append(f"{step.name} ({_why(exc)})")
    return left


def _end(left: list[str], undone: Callable[[], str]) -> str:
    if left:
        return f"Not undone: {'; '.join(left)}; look after it by hand."
    return undone()


def _told(
    server: str,
    action: str,
    step: Step,
    exc: Exception,
    end: str,
    details: tuple[str, ...],
) -> exceptions.StepFailed:
    failed = exceptions.StepFailed(
        server=server, action=action, step=step.name, why=_why(exc) + ".", undone=end
    )
    own = exc.details if isinstance(exc, exceptions.NovaXenError) else ()
    failed.details = (*own, *details)
    return failed


def _why(exc: Exception) -> str:
    return str(exc).strip().rstrip(".") or type(exc).__name__
