# SPDX-License-Identifier: Apache-2.0
"""The program that calls libxl, with a library made here in its place."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nova_xen.hypervisor import libxl_resume

#: libxl's signatures (libxl.h of Xen 4.17), and Xen's logger's
SOURCE = """
#include <stdint.h>
#include <stdio.h>
struct context { int logger; };
static struct context one;
int libxl_ctx_alloc(struct context **to, int version, unsigned flags, FILE **logger) {
    if (version || flags || *logger != stderr) return -6;
    *to = &one;
    return 0;
}
int libxl_domain_resume(struct context *ctx, uint32_t domid, int cancel, void *how) {
    if (ctx != &one || cancel != 1 || how) return -6;
    if (domid == 2) { printf("resumed %u\\n", domid); return 0; }
    fprintf(stderr, "xc: error: Dom %u not suspended\\n", domid);
    return -3;
}
int libxl_ctx_free(struct context *ctx) {
    if (ctx == &one) { printf("freed\\n"); fflush(stdout); }
    return 0;
}
static FILE *kept;
FILE **xtl_createlogger_stdiostream(FILE *to, int level, unsigned flags) {
    kept = level == 5 && !flags ? to : 0;
    return &kept;
}
"""
CALL = """
import sys
from nova_xen.hypervisor import libxl_resume
libxl_resume.LIBRARIES, libxl_resume.LOGGER = (sys.argv[1],), sys.argv[2]
sys.exit(libxl_resume.main(sys.argv[3:]))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("libxl")
    (folder / "libxl.c").write_text(SOURCE)
    built = folder / "libxenlight.so.4.17"
    command = [compiler, "-shared", "-fPIC", "-o", str(built), str(folder / "libxl.c")]
    subprocess.run(command, check=True, timeout=60)
    return str(built)


def run(library: str, logger: str, domid: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CALL, library, logger, str(domid)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("domid", "code", "out", "err"),
    [
        (2, 0, "resumed 2\nfreed\n", ""),
        (
            3,
            1,
            "freed\n",
            "xc: error: Dom 3 not suspended\nlibxl_domain_resume answered -3\n",
        ),
    ],
)
def test_libxl_is_called_as_it_asks(
    library: str, domid: int, code: int, out: str, err: str
) -> None:
    done = run(library, library, domid)
    assert (done.returncode, done.stdout, done.stderr) == (code, out, err)


def test_a_host_without_libxl(library: str) -> None:
    assert run("/nowhere/*", library, 2).stderr == "libxenlight is not installed\n"
    done = run(library, "/nowhere/at/all", 2)
    assert done.returncode == 2
    assert "cannot open shared object file" in done.stderr


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ([], None),
        (["libxenlight.so.4.17.0", "libxenlight.so.4.17"], "libxenlight.so.4.17"),
        (["libxenlight.so.4.9", "libxenlight.so.4.20"], "libxenlight.so.4.20"),
    ],
)
def test_the_newest_library(
    tmp_path: Path, there: list[str], taken: str | None
) -> None:
    for name in there:
        (tmp_path / name).touch()
    found = libxl_resume.newest((str(tmp_path / "libxenlight.so.4.*"),))
    assert found == (taken and str(tmp_path / taken))
