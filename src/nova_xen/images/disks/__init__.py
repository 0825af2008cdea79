# SPDX-License-Identifier: Apache-2.0
"""Disks of servers made as planned."""
