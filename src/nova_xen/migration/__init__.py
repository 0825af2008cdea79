# SPDX-License-Identifier: Apache-2.0
"""Migration of a running server to another host: checked, watched, always ended."""
