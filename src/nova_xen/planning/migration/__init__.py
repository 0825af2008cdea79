# SPDX-License-Identifier: Apache-2.0
"""Pure decisions about a migration: checks, call, document, states, recovery."""
