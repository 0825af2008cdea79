# SPDX-License-Identifier: Apache-2.0
"""The other host of a migration: what it is asked, there and from here."""
