# SPDX-License-Identifier: Apache-2.0
"""A config drive as a CD-ROM: ISO 9660 with Rock Ridge for Unix, Joliet for Windows."""

import io
import re
from collections.abc import Iterable, Mapping

LABEL = "config-2"
#: the admin password may be in any of them
_FILE_MODE = 0o100400
_FOLDER_MODE = 0o040500


def write_iso9660(path: str, files: Mapping[str, bytes]) -> None:
    """Write an image of ``files`` into the file that is at ``path``.

    :raises OSError: the file system refused
    """
    import pycdlib  # takes a tenth of a second

    image = pycdlib.PyCdlib()
    image.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
    for folder in folders(files):
        image.add_directory(
            _plain(folder),
            rr_name=folder.rpartition("/")[2],
            joliet_path=f"/{folder}",
            file_mode=_FOLDER_MODE,
        )
    for name, data in files.items():
        image.add_fp(
            io.BytesIO(data),
            len(data),
            f"{_plain(name)}{'' if '.' in name.rpartition('/')[2] else '.'};1",
            rr_name=name.rpartition("/")[2],
            joliet_path=f"/{name}",
            file_mode=_FILE_MODE,
        )
    with open(path, "r+b") as file:
        image.write_fp(file)
    image.close()


def folders(files: Iterable[str]) -> list[str]:
    """Every folder that the files stand in, the outer before the inner."""
    found = set[str]()
    for name in files:
        while name := name.rpartition("/")[0]:
            found.add(name)
    return sorted(found)


def _plain(name: str) -> str:
    """A path in the letters of ISO 9660, for readers of nothing else."""
    folder, _slash, last = name.upper().rpartition("/")
    above = re.sub("[^A-Z0-9/]", "_", folder)
    return f"/{above}/{re.sub('[^A-Z0-9.]', '_', last)}".replace("//", "/")
