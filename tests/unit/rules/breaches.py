# SPDX-License-Identifier: Apache-2.0
"""Every document that breaks a rule."""

from unit.rules import breaches_devices, breaches_disks, breaches_machine

BREACHES = [
    *breaches_machine.BREACHES,
    *breaches_disks.BREACHES,
    *breaches_devices.BREACHES,
]
