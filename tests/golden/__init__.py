# SPDX-License-Identifier: Apache-2.0
"""Golden documents, what they are made from, and how to make them anew."""
