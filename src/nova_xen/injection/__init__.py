# SPDX-License-Identifier: Apache-2.0
"""What a guest is told before its first boot, on a config drive or in its disk."""

from nova_xen.injection.config_drive import make_config_drive
from nova_xen.injection.guest.inject import inject
from nova_xen.injection.options import InjectionOptions

__all__ = ["InjectionOptions", "inject", "make_config_drive"]
