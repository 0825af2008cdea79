# SPDX-License-Identifier: Apache-2.0
"""The version of the package that is installed."""

from importlib import metadata


def package_version() -> str:
    """The version, or 0 when the package runs from a folder without being installed."""
    try:
        return metadata.version("nova-xen")
    except metadata.PackageNotFoundError:
        return "0"
