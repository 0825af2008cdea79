# SPDX-License-Identifier: Apache-2.0
"""Where images come from, behind one interface (``source``)."""
