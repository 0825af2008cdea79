# SPDX-License-Identifier: Apache-2.0
"""Files that a guest is to find in itself."""

import re

from nova_xen import exceptions
from nova_xen.model import MIB, InjectedFile, Instance

#: Nova's quotas (5 files, 10 KiB) are an API's. Here a file must fit into one message
#: of libguestfs (4 MiB), and all of them beside the rest on a config drive of 64 MiB.
MOST_FILES = 100
FILE_LIMIT = MIB
ALL_LIMIT = 16 * MIB
#: Linux's PATH_MAX and NAME_MAX, bytes
PATH_LIMIT = 4095
NAME_LIMIT = 255
#: no setuid and no setgid for what comes from outside
_MOST_MODE = 0o1777
CONTROL = re.compile("[\x00-\x1f\x7f]")


def check_files(instance: Instance) -> None:
    """Refuse files that no guest can have, or that no way carries.

    :raises InvalidRequest: naming the path, never what is in the file
    """
    files = instance.setup.files
    if len(files) > MOST_FILES:
        raise _wrong(instance, f"{len(files)} files are too many, {MOST_FILES} can be")
    for file in files:
        _check_path(instance, file.path)
        _check_content(instance, file)
    if sum(len(file.content) for file in files) > ALL_LIMIT:
        why = f"its files are larger than {ALL_LIMIT // MIB} MiB together"
        raise _wrong(instance, why)
    _check_together(instance, [file.path for file in files])


def _check_path(instance: Instance, untrusted_path: str) -> None:
    why = path_fault(untrusted_path)
    if why:
        raise _wrong(instance, f"the file {untrusted_path!r} {why} (--file)")


def path_fault(untrusted_path: str) -> str | None:
    """What is wrong with a path inside a guest, or None."""
    if not untrusted_path.startswith("/"):
        return "is no absolute path in the guest"
    if untrusted_path.endswith("/"):
        return "is a folder"
    if CONTROL.search(untrusted_path):
        return "has a control character in it"
    parts = untrusted_path.split("/")[1:]
    if not {"", ".", ".."}.isdisjoint(parts):
        return "has an empty part, '.' or '..' in it"
    try:
        lengths = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        return "is no text in UTF-8"
    if max(lengths) > NAME_LIMIT or sum(lengths) + len(lengths) > PATH_LIMIT:
        return "is longer than Linux takes"
    return None


def _check_content(instance: Instance, file: InjectedFile) -> None:
    if len(file.content) > FILE_LIMIT:
        why = f"the file {file.path!r} is larger than {FILE_LIMIT // MIB} MiB"
        raise _wrong(instance, f"{why}; let the guest fetch it")
    if file.mode is not None and not 0 <= file.mode <= _MOST_MODE:
        raise _wrong(instance, f"{file.mode} is no mode for the file {file.path!r}")


def _check_together(instance: Instance, paths: list[str]) -> None:
    seen = set[str]()
    for path in paths:
        if path in seen:
            raise _wrong(instance, f"the file {path!r} is given twice")
        seen.add(path)
    for path in paths:
        parts = path.split("/")
        for end in range(2, len(parts)):
            if (above := "/".join(parts[:end])) in seen:
                why = f"the file {above!r} cannot be a folder with {path!r} in it"
                raise _wrong(instance, why)


def _wrong(instance: Instance, why: str) -> exceptions.InvalidRequest:
    return exceptions.InvalidRequest(server=instance.name, why=why)
