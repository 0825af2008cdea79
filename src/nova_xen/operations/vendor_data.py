# SPDX-License-Identifier: Apache-2.0
"""The operator's own vendor data, which every config drive has."""

import dataclasses
import json
from typing import Any

from nova_xen import exceptions
from nova_xen.model import Plan
from nova_xen.planning.setup_texts import DATA_LIMIT


def add_vendor_data(plan: Plan, path: str) -> Plan:
    """The plan with the content of ``path`` as vendor data, if it is to have any.

    :param path: a file with a JSON object; empty when there is none
    :raises InvalidConfig: it cannot be read or is no JSON object
    """
    setup = plan.instance.setup
    if not path or plan.config_drive is None or setup.vendor_data is not None:
        return plan
    setup = dataclasses.replace(setup, vendor_data=_read(path))
    instance = dataclasses.replace(plan.instance, setup=setup)
    return dataclasses.replace(plan, instance=instance)


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            text = file.read(DATA_LIMIT + 1)
        found = json.loads(text) if len(text) <= DATA_LIMIT else None
    except OSError as error:
        raise _wrong(path, f"cannot be read, {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _wrong(path, "is no JSON") from None
    if not isinstance(found, dict):
        raise _wrong(path, f"is no JSON object of at most {DATA_LIMIT} bytes")
    return found


def _wrong(path: str, why: str) -> exceptions.InvalidConfig:
    return exceptions.InvalidConfig(
        why=f"[api] vendordata_jsonfile_path is {path!r}, which {why}"
    )
