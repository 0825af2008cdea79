# SPDX-License-Identifier: Apache-2.0
"""Texts that go into the document as they were given."""

import re
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.model import Instance

#: what XML 1.0 can hold; anything else could not be written into the document
XML_TEXT = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def check_texts(instance: Instance) -> None:
    """Refuse control characters in anything that is written down.

    :raises InvalidRequest: naming where the character stands, not the text itself
    """
    for where, untrusted_text in _texts(instance):
        if not XML_TEXT.fullmatch(untrusted_text):
            raise exceptions.InvalidRequest(
                server=instance.name,
                why=f"{where} has a control character in it, remove it",
            )


def _texts(instance: Instance) -> Iterator[tuple[str, str]]:
    image, flavor = instance.image, instance.flavor
    yield "the id of the image", image.id
    yield "the path of the image", image.path
    yield "the time of creation", instance.creation_time
    yield "the name of the flavor", flavor.name
    yield "the VNC password", instance.vnc_password or ""
    for name, value in image.properties.items():
        yield "the name of an image property", name
        yield f"image property {name}", value
    for name, value in flavor.extra_specs.items():
        yield "the name of an extra spec", name
        yield f"extra spec {name}", value
