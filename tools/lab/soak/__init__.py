# SPDX-License-Identifier: Apache-2.0
"""An hour of guests made, moved and ended: does dom0 survive the emulated CPU?"""
