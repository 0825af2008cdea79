# SPDX-License-Identifier: Apache-2.0
"""Files and folders that are there whole or not at all, and their locks."""
