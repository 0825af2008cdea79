# SPDX-License-Identifier: Apache-2.0
"""The command nova-xen.

Modules here import the driver, the model, lxml and oslo within functions alone, so
that help, usage errors and completion answer at once.
"""
