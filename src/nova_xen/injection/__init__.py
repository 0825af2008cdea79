# SPDX-License-Identifier: Apache-2.0
"""What a guest is told before its first boot, on a config drive or in its disk.

Nothing is imported here: the process that writes a disk starts once for each server,
and loads no more than it needs.
"""
