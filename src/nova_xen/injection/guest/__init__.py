# SPDX-License-Identifier: Apache-2.0
"""Files written into a guest's disk by libguestfs.

``decide`` is pure: what is asked for and the facts found in the guest become a list
of edits. The ``worker`` is a process of its own that alone imports guestfs, and has
one appliance for one disk. ``supervise`` starts it and ends it.
"""
