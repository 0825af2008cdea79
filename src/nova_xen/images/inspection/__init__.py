# SPDX-License-Identifier: Apache-2.0
"""What the bytes of an image are, looked at before any program opens it."""
