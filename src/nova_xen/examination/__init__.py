# SPDX-License-Identifier: Apache-2.0
"""Facts of a host gathered for the doctor, a file for each concern.

Nothing is decided here, changed or made: that is planning's, in ``planning/doctor``.
"""
