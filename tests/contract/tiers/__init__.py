# SPDX-License-Identifier: Apache-2.0
"""What the contract tests run against: the fake, the rig, or a real host."""
