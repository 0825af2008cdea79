# SPDX-License-Identifier: Apache-2.0
"""What every decision looks at, and how it tells its reasons."""

import dataclasses
from collections.abc import Iterable

from nova_xen import exceptions
from nova_xen.model import GuestMode, HostFacts, Instance, PlanOptions, Reason


@dataclasses.dataclass(frozen=True)
class Asked:
    """The request, the host and the operator's options, before a mode is chosen."""

    instance: Instance
    host: HostFacts
    options: PlanOptions

    def image_property(self, name: str) -> str | None:
        """An image property, or None; an empty one counts as absent."""
        return self.instance.image.properties.get(name) or None

    def choice(self, name: str, choices: Iterable[str]) -> str | None:
        """An image property that must be one of ``choices``, in small letters.

        :raises InvalidProperty: it is something else
        """
        given = self.image_property(name)
        if given is None:
            return None
        allowed = tuple(choices)
        if given.lower() not in allowed:
            raise exceptions.InvalidProperty(
                server=self.instance.name,
                name=name,
                value=given,
                choices=", ".join(allowed),
            )
        return given.lower()

    @property
    def is_windows(self) -> bool:
        """Whether os_type, of the request or the image, says so."""
        named = self.instance.os_type or self.image_property("os_type") or ""
        return named.lower() == "windows"

    @property
    def folder(self) -> str:
        """The instance's folder."""
        return f"{self.options.instances_path}/{self.instance.uuid}"


@dataclasses.dataclass(frozen=True)
class Context(Asked):
    """The same, once the mode is chosen."""

    mode: GuestMode


def reason(element: str, choice: object, why: str, *, warning: bool = False) -> Reason:
    """One line of the explanation."""
    return Reason(element, str(choice), why, warning)
