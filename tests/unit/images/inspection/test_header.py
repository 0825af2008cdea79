# SPDX-License-Identifier: Apache-2.0
"""Whatever the bytes are, they are judged, and no judge falls over them."""

import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from nova_xen.images.inspection.content import contents
from nova_xen.images.inspection.safety import qcow2_objection, vhd_objection

_MAGICS = (
    b"QFI\xfb\0\0\0\3",
    b"QFI\xfb\0\0\0\2",
    b"conectix",
    b"vhdxfile",
    b"KDMV",
    b"# Disk DescriptorFile\n",
    b"LUKS\xba\xbe\0\1",
    b"QED\0",
    b"\0" * 510 + b"\x55\xaa",
)
_FILES = st.builds(
    lambda magic, body, zeros, tail: magic + body + bytes(zeros) + tail,
    st.sampled_from(_MAGICS),
    st.binary(max_size=600),
    st.integers(0, 70_000),
    st.binary(max_size=600),
)


@given(_FILES)
@example(b"QFI\xfb\0\0\0\3" + b"\xff" * 600)
@example(b"conectix" + b"\xff" * 600)
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_judged(data: bytes) -> None:
    stream = io.BytesIO(data)
    seen = contents(stream)
    if data.startswith(b"QFI\xfb"):
        assert "qcow2" in seen
        assert qcow2_objection(stream) or _names_no_other_file(data)
    if data.startswith(b"conectix"):
        assert "vhd" in seen
        assert vhd_objection(stream) is not None


def _names_no_other_file(data: bytes) -> bool:
    """What passes leads nowhere else: neither a backing file nor a data file."""
    return data[8:16] == bytes(8) and (data[7] == 2 or not data[79] & 4)


@given(st.binary(min_size=1, max_size=2000))
@settings(deadline=None, max_examples=100)
def test_judges_take_anything(data: bytes) -> None:
    assert qcow2_objection(io.BytesIO(data)) is not None
    assert vhd_objection(io.BytesIO(data)) is not None
