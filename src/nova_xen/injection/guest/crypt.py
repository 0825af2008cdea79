# SPDX-License-Identifier: Apache-2.0
"""Hashes of passwords by the host's libxcrypt, see crypt(3) and crypt_gensalt(3).

Python's own crypt module goes away with 3.13 and cannot do yescrypt.
"""

import ctypes
import functools

from nova_xen.injection.guest.problems import Refused, Unavailable

#: CRYPT_MAX_PASSPHRASE_SIZE of crypt.h
_MOST_BYTES = 511
#: sizeof(struct crypt_data) is 32768 since libxcrypt 4.0
_DATA_SIZE = 32768
_SALT_SIZE = 192


#: with the old functions of glibc's (Debian), and without
_NAMES = ("libcrypt.so.1", "libcrypt.so.2")


def _load() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(_NAMES[0])
    except OSError:
        return ctypes.CDLL(_NAMES[1])


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        library = _load()
        for function in (library.crypt_r, library.crypt_gensalt_rn):
            function.restype = ctypes.c_char_p
    except (OSError, AttributeError) as error:
        raise Unavailable(
            f"libxcrypt, which hashes passwords, cannot be used ({error})",
            "install libcrypt1",
        ) from error
    return library


def hash_password(password: str, prefix: str) -> str:
    """A new salted hash, such as ``$y$j9T$…``.

    :param prefix: of crypt(5), ``$y$`` or ``$6$``
    :raises Refused: the password is none that crypt takes
    :raises Unavailable: the host's library cannot do it
    """
    check_password(password)
    library = _library()
    salt = ctypes.create_string_buffer(_SALT_SIZE)
    setting = library.crypt_gensalt_rn(
        prefix.encode(), ctypes.c_ulong(0), None, 0, salt, _SALT_SIZE
    )
    data = ctypes.create_string_buffer(_DATA_SIZE)
    made: bytes | None = None
    if setting is not None:
        made = library.crypt_r(password.encode(), setting, data)
        ctypes.memset(data, 0, _DATA_SIZE)
    if made is None or not made.startswith(prefix.encode()):
        raise Unavailable(
            f"this host's libcrypt does not know the method {prefix}",
            "install a newer libcrypt1",
        )
    return made.decode("ascii")


def check_password(password: str) -> None:
    """Refuse a password that crypt(3) would cut or not take.

    :raises Refused: which tells nothing of the password itself
    """
    try:
        length = len(password.encode())
    except UnicodeEncodeError:
        length = 0
    if not 0 < length <= _MOST_BYTES or "\0" in password or "\n" in password:
        raise Refused(
            f"the password must have 1 to {_MOST_BYTES} bytes of UTF-8 in one line",
            "choose another password",
        )
