# SPDX-License-Identifier: Apache-2.0
"""Programs of the host, run with limits and ended when they hang."""
