# SPDX-License-Identifier: Apache-2.0
"""What a guest is told before its first boot, written into its disk."""

from nova_xen.injection.guest.inject import inject
from nova_xen.injection.options import InjectionOptions

__all__ = ["InjectionOptions", "inject"]
