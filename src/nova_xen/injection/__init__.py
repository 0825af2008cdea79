# SPDX-License-Identifier: Apache-2.0
"""What a guest is told before its first boot, on a config drive or in its disk."""

from nova_xen.injection.config_drive import make_config_drive

__all__ = ["make_config_drive"]
