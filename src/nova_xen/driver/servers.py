# SPDX-License-Identifier: Apache-2.0
"""Servers made, shown and removed."""

import contextlib
from collections.abc import Iterator

from nova_xen.driver.base import DriverBase
from nova_xen.images import Progress, no_progress
from nova_xen.model import Diagnostics, Instance, Plan, Server, ServerSummary
from nova_xen.operations import console, delete, image, query, spawn
from nova_xen.operations.request import CreateRequest, build_instance


class ServerMethods(DriverBase):
    """From a request to a server, and to its end."""

    def build_instance(
        self,
        request: CreateRequest,
        *,
        fetch: bool = True,
        progress: Progress = no_progress,
    ) -> Instance:
        """Check the request's name and image, and give it a UUID and MACs.

        A downloaded image stays at least until the server is spawned.

        :param fetch: False looks at the beginning of a remote image alone, which is
            enough to plan
        """
        if not fetch:
            foreseen = image.foreseen_image(self._host, request)
            return build_instance(request, foreseen)
        with contextlib.ExitStack() as stack:
            held = image.held_image(self._host, request, progress)
            instance = build_instance(request, stack.enter_context(held))
            self._images[instance.uuid] = stack.pop_all()
        return instance

    def plan(self, instance: Instance) -> Plan:
        """Decide everything about a server and touch nothing.

        The image of one that cannot be is let go.
        """
        try:
            return spawn.plan(self._host, instance)
        except BaseException:
            self._let_go(instance.uuid)
            raise

    def spawn(self, plan: Plan, progress: Progress = no_progress) -> Server:
        """Make the server that was planned and start it; all or nothing."""
        try:
            return spawn.spawn(self._host, plan, progress)
        finally:
            self._let_go(plan.instance.uuid)

    def destroy(self, name: str) -> None:
        """Switch the server off and remove it with its disks."""
        self._require_settled(name, "deleted", lasting=True)
        delete.delete(self._host, name)

    def list_servers(self) -> tuple[ServerSummary, ...]:
        """Every server of this host, by name."""
        return query.list_servers(self._host)

    def list_instances(self) -> list[str]:
        """Names of the servers."""
        return [server.name for server in self.list_servers()]

    def list_instance_uuids(self) -> list[str]:
        """UUIDs of the servers."""
        return [server.uuid for server in self.list_servers()]

    def get_info(self, name: str) -> Server:
        """Everything about one server."""
        return query.get_server(self._host, name)

    def get_instance_diagnostics(self, name: str) -> Diagnostics:
        """What is counted of one server."""
        # few commands need it
        from nova_xen.operations import diagnostics

        return diagnostics.get_diagnostics(self._host, name)

    def get_console_output(self, name: str, max_bytes: int = 100 * 1024) -> bytes:
        """The last bytes the guest printed on its console."""
        return console.read(self._host, name, max_bytes)

    def follow_console(self, name: str) -> Iterator[bytes]:
        """What the guest has printed and goes on printing, until it is gone."""
        return console.follow(self._host, name)
