# SPDX-License-Identifier: Apache-2.0
"""Config drives: the files of OpenStack's metadata on a disk of the guest's own."""

from nova_xen.injection.config_drive.make import make_config_drive

__all__ = ["make_config_drive"]
