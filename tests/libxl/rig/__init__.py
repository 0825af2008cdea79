# SPDX-License-Identifier: Apache-2.0
"""A real libvirtd with its libxl driver over a simulated Xen."""
