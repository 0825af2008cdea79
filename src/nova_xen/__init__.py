# SPDX-License-Identifier: Apache-2.0
"""nova-xen: Xen hosts through libvirt's libxl driver, with Nova or alone."""
