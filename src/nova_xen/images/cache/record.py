# SPDX-License-Identifier: Apache-2.0
"""What is known of a kept file, as JSON beside it: where it came from, its checksum."""

import contextlib
import dataclasses
import json
import os
import tempfile

from nova_xen.images.files.part import remove_file
from nova_xen.model import Checksum

SUFFIX = ".json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """``source`` is for people, without secrets."""

    source: str = ""
    checksum: Checksum | None = None


def record_path(path: str) -> str:
    """Where the record of a file is."""
    return path + SUFFIX


def read_record(path: str) -> Record:
    """The record of a file; an empty one where there is none that can be read."""
    try:
        with open(record_path(path), encoding="utf-8") as stream:
            found = json.load(stream)
        checksum = found["checksum"]
        return Record(
            source=str(found["source"]),
            checksum=None if checksum is None else Checksum.parse(checksum),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Record()


def write_record(path: str, record: Record) -> None:
    """Write or replace the record of a file, whole or not at all.

    :raises OSError: the file system refused
    """
    told = {
        "source": record.source,
        "checksum": record.checksum and str(record.checksum),
    }
    write_json(record_path(path), told)


def write_json(path: str, value: object) -> None:
    """Write or replace a file.

    :raises OSError: the file system refused
    """
    folder, name = os.path.split(path)
    number, new = tempfile.mkstemp(prefix=f".{name}.", suffix=".new", dir=folder)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            json.dump(value, stream)
            stream.flush()
            os.fsync(number)
        os.rename(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            remove_file(new)
        raise
