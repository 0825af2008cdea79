# SPDX-License-Identifier: Apache-2.0
"""The lab: real Xen hosts inside QEMU, built from Debian packages.

Standard library only, so that it runs on a machine that has nothing of
nova-xen's own dependencies installed.
"""
