# SPDX-License-Identifier: Apache-2.0
"""The program that calls libxl, with a library made here in its place."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import libxl_command, libxl_program
from nova_xen.hypervisor.pause_mark import (
    end_pausing,
    forget_mark,
    is_pausing,
    mark_of,
    paused_domain,
    write_mark,
)
from nova_xen.hypervisor.pausing import Pausing

#: libxl's signatures (libxl.h of Xen 4.17), and Xen's logger's. Domain 4 is what the
#: file "domain" beside the library says: running, suspended, paused or gone.
SOURCE = r"""
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct context { int logger; };
static struct context one;
typedef struct {
    uint8_t uuid[16]; uint32_t domid; uint32_t ssidref; char *ssid_label;
    bool running, blocked, paused, shutdown, dying, never_stop;
    int shutdown_reason;
    uint64_t memory[5], cpu_time;
    uint32_t vcpu_max_id, vcpu_online, cpupool;
    uint8_t gpaddr_bits;
    int domain_type;
} libxl_dominfo;
static const char *domain(const char *word) {
    static char text[64];
    FILE *file = fopen(FOLDER "/domain", word ? "a" : "r");
    memset(text, 0, sizeof text);
    if (word) fprintf(file, " %s", word);
    /* empty while it is being written */
    else if (!file || !fgets(text, sizeof text, file)) strcpy(text, "running");
    if (file) fclose(file);
    return text;
}
int libxl_ctx_alloc(struct context **to, int version, unsigned flags, FILE **logger) {
    if (version || flags || *logger != stderr) return -6;
    *to = &one;
    return 0;
}
int libxl_domain_resume(struct context *ctx, uint32_t domid, int cancel, void *how) {
    if (ctx != &one || cancel != 1 || how) return -6;
    if (domid == 2) { printf("resumed %u\n", domid); return 0; }
    fprintf(stderr, "xc: error: Dom %u not suspended\n", domid);
    return -3;
}
void libxl_dominfo_init(libxl_dominfo *info) { memset(info, 0, sizeof *info); }
void libxl_dominfo_dispose(libxl_dominfo *info) { free(info->ssid_label); }
int libxl_domain_info(struct context *ctx, libxl_dominfo *info, uint32_t domid) {
    const char *is = domain(NULL);
    if (ctx != &one) return -6;
    if (strstr(is, "gone")) return -21;
    if (strstr(is, "broken")) { fprintf(stderr, "xc: error: no info\n"); return -3; }
    info->domid = strstr(is, "other") ? domid + 1 : domid;
    info->ssid_label = strdup("label");
    info->running = !strstr(is, "suspended");
    info->paused = strstr(is, "paused") != NULL;
    info->shutdown = strstr(is, "suspended") || strstr(is, "rebooting");
    info->shutdown_reason = strstr(is, "rebooting") ? 1 : 2;
    return 0;
}
int libxl_domain_pause(struct context *ctx, uint32_t domid, void *how) {
    if (ctx != &one || domid != 4 || how) return -6;
    if (strstr(domain(NULL), "stubborn")) return -3;
    if (strstr(domain(NULL), "settled")) unlink(FOLDER "/journal");
    domain("paused");
    return 0;
}
int libxl_domain_unpause(struct context *ctx, uint32_t domid, void *how) {
    if (ctx != &one || domid != 4 || how) return -6;
    domain("unpaused");
    return 0;
}
int libxl_ctx_free(struct context *ctx) {
    if (ctx == &one) { printf("freed\n"); fflush(stdout); }
    return 0;
}
/* xenstored: a pipe that always has word, so that each look is soon; where domain 4 is
   "unwatched" it has died */
int xs_open(unsigned long flags) { return flags ? 0 : 1; }
int xs_watch(void *store, const char *path, const char *token) {
    return !strcmp(path, "@releaseDomain") && token;
}
int xs_fileno(void *store) {
    static int ends[2];
    if (!ends[0] && (pipe(ends) || write(ends[1], "x", 1) != 1)) return -1;
    return ends[0];
}
void *xs_check_watch(void *store) {
    static int told;
    usleep(20000);
    if (strstr(domain(NULL), "unwatched")) { fprintf(stderr, "asked\n"); return NULL; }
    return (told = !told) ? strdup("event") : NULL;
}
static FILE *kept;
FILE **xtl_createlogger_stdiostream(FILE *to, int level, unsigned flags) {
    kept = level == 5 && !flags ? to : 0;
    return &kept;
}
"""
#: stands where the program does, which is run without installed packages
CALL = """
import importlib.util
import sys
spec = importlib.util.spec_from_file_location("program", {path!r})
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
program.LOGGER, program.XENSTORE = {logger!r}, {library!r}
program.LINGER = {linger}
main = program.main
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""
PROGRAM = libxl_program.__file__
#: seconds that it stays when it is done
LINGER = 0.2
SOON = 30


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("libxl")
    (folder / "libxl.c").write_text(SOURCE)
    built = folder / "libxenlight.so.4.17"
    command = [compiler, "-shared", "-fPIC", f'-DFOLDER="{folder}"', "-o", str(built)]
    subprocess.run([*command, str(folder / "libxl.c")], check=True, timeout=60)
    return built


@pytest.fixture
def domain(library: Path) -> Iterator[Path]:
    """What domain 4 is, in a file; its journal lies beside it."""
    path = library.with_name("domain")
    path.write_text("running")
    path.with_name("journal").touch()
    path.with_name("journal.pausing").unlink(missing_ok=True)
    yield path
    # whatever a test left at work ends of it
    path.write_text("gone")


def call(library: object, logger: object = None, linger: float = LINGER) -> str:
    """The program, with other libraries."""
    logger = logger or library
    return CALL.format(
        path=PROGRAM, library=str(library), logger=str(logger), linger=linger
    )


def run(
    library: object,
    *arguments: str,
    logger: object = None,
    told: str = "\n",
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end; ``told`` is all that it is told."""
    command = [sys.executable, "-c", call(library, logger), arguments[0], str(library)]
    return subprocess.run(
        [*command, *arguments[1:]],
        input=told,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("domid", "code", "out", "err"),
    [
        (2, 0, "resumed 2\nfreed\n", ""),
        (
            3,
            1,
            "",
            "xc: error: Dom 3 not suspended\nlibxl_domain_resume answered -3\n",
        ),
    ],
)
def test_libxl_is_called_as_it_asks(
    library: Path, domid: int, code: int, out: str, err: str
) -> None:
    done = run(library, "resume", str(domid))
    assert (done.returncode, done.stdout, done.stderr) == (code, out, err)


def test_a_host_without_libxl(library: Path) -> None:
    done = run("", "resume", "2")
    assert done.stderr == "libxenlight is not installed\n"
    done = run(library, "resume", "2", logger="/nowhere/at/all")
    assert done.returncode == 2
    assert "cannot open shared object file" in done.stderr


def test_what_nobody_means(library: Path) -> None:
    assert run(library, "reboot", "2").returncode == 64


@pytest.mark.parametrize(
    ("is_", "code", "after", "err"),
    [
        ("suspended", 0, "suspended paused", ""),
        ("gone", 0, "gone", ""),
        ("broken", 1, "broken", "xc: error: no info\nlibxl_domain_info answered -3\n"),
        (
            "other suspended",
            1,
            "other suspended",
            "libxl_domain_info tells of a domain in another way\n",
        ),
        (
            "suspended stubborn",
            1,
            "suspended stubborn",
            "libxl_domain_pause answered -3\n",
        ),
    ],
)
def test_what_is_suspended_is_paused(
    library: Path, domain: Path, is_: str, code: int, after: str, err: str
) -> None:
    domain.write_text(is_)
    journal = str(domain.with_name("journal"))
    done = run(library, "pause-suspended", "4", journal)
    assert (done.returncode, domain.read_text(), done.stderr) == (code, after, err)
    # written before the pause, so that no pause is ever without it
    assert paused_domain(journal) == (4 if is_.startswith("suspended") else None)


def test_what_a_program_before_it_paused_is_not_paused_twice(
    library: Path, domain: Path
) -> None:
    """Xen counts pauses."""
    domain.write_text("suspended")
    journal = str(domain.with_name("journal"))
    for _ in range(2):
        done = run(library, "pause-suspended", "4", journal)
        assert (done.returncode, domain.read_text()) == (0, "suspended paused")
    # what a person paused is paused by the migration too
    write_mark(journal, 5)
    run(library, "pause-suspended", "4", journal)
    assert domain.read_text() == "suspended paused paused"


def test_before_it_is_told_to_begin_it_touches_nothing(
    library: Path, domain: Path
) -> None:
    """Whoever started it may be refused, or die."""
    domain.write_text("suspended")
    journal = str(domain.with_name("journal"))
    done = run(library, "pause-suspended", "4", journal, told="")
    assert (done.returncode, done.stdout) == (0, "freed\n")
    assert domain.read_text() == "suspended"
    assert not Path(mark_of(journal)).exists()


@pytest.mark.parametrize("is_", ["running", "rebooting"])
def test_it_ends_with_the_journal_when_nobody_is_there(
    library: Path, domain: Path, is_: str
) -> None:
    domain.write_text(is_)
    gone = str(domain.with_name("nowhere"))
    done = run(library, "pause-suspended", "4", gone)
    assert (done.returncode, domain.read_text()) == (0, is_)


def test_an_xenstored_that_has_died_is_not_asked_for_ever(
    library: Path, domain: Path
) -> None:
    """Its connection is ready at each look."""
    domain.write_text("running unwatched")
    journal = str(domain.with_name("journal"))
    arguments = ("pause-suspended", str(library), "4", journal)
    command = [sys.executable, "-c", call(library), *arguments]
    pipe = subprocess.PIPE
    program = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert program.stdin is not None
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdin.write("\n")
    program.stdin.flush()
    assert program.stdout.readline() == "ready\n"
    assert program.stderr.readline() == "asked\n"
    domain.write_text("suspended unwatched")
    _, more = program.communicate(timeout=SOON)
    assert (program.returncode, more) == (0, "")
    assert domain.read_text() == "suspended unwatched paused"


@pytest.fixture
def called(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Pausing]]:
    """What was started: each is ended."""
    program = tmp_path / "libxl_program.py"
    program.write_text(call(library))
    monkeypatch.setattr(libxl_program, "__file__", str(program))
    monkeypatch.setattr(libxl_command, "LIBRARIES", (str(library),))
    made: list[Pausing] = []
    yield made
    for each in made:
        each.close()


def pause(called: list[Pausing], domain: Path) -> Pausing:
    called.append(Pausing(4, str(domain.with_name("journal")), timeout=SOON))
    return called[-1]


def becomes(domain: Path, text: str) -> None:
    """Wait until it is so."""
    waited = time.monotonic() + SOON
    while domain.read_text() != text:
        assert time.monotonic() < waited, domain.read_text()
        time.sleep(0.01)


def test_it_waits_until_the_domain_is_suspended(
    called: list[Pausing], domain: Path
) -> None:
    started = pause(called, domain)
    started.ready()
    assert domain.read_text() == "running"
    domain.write_text("suspended")
    becomes(domain, "suspended paused")


def test_what_was_closed_has_ended(called: list[Pausing], domain: Path) -> None:
    started = pause(called, domain)
    started.ready()
    started.close()
    started.close()
    assert started._process.returncode == -signal.SIGKILL
    assert started.trouble() == ""


def test_one_that_somebody_killed_is_told(called: list[Pausing], domain: Path) -> None:
    started = pause(called, domain)
    started.ready()
    assert started.trouble() == ""
    started._process.kill()
    started._process.wait(SOON)
    assert started.trouble() == f"it ended ({-signal.SIGKILL})"


def test_one_that_is_done_has_no_trouble(called: list[Pausing], domain: Path) -> None:
    domain.write_text("suspended")
    started = pause(called, domain)
    started.ready()
    assert started._process.wait(SOON) == 0
    assert started.trouble() == ""


def test_it_stays_for_a_while_when_it_is_done(library: Path, domain: Path) -> None:
    """Its end takes a processor from the last pass; until whoever started it goes."""
    domain.write_text("suspended")
    arguments = ("pause-suspended", str(library), "4", str(domain.with_name("journal")))
    program = subprocess.Popen(
        [sys.executable, "-c", call(library, linger=10 * SOON), *arguments],
        stdin=subprocess.PIPE,
    )
    assert program.stdin is not None
    program.stdin.write(b"\n")
    program.stdin.flush()
    becomes(domain, "suspended paused")
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.5)
    program.stdin.close()
    assert program.wait(SOON) == 0


def test_it_is_in_a_session_of_its_own(called: list[Pausing], domain: Path) -> None:
    started = pause(called, domain)
    started.ready()
    assert os.getsid(started._process.pid) == started._process.pid


def test_one_that_works_is_ended_by_whoever_finds_it(
    called: list[Pausing], domain: Path
) -> None:
    journal = str(domain.with_name("journal"))
    assert not is_pausing(journal)
    left = pause(called, domain)
    left.ready()
    assert is_pausing(journal)
    end_pausing(journal)
    left._process.wait(SOON)
    assert left._process.returncode == -signal.SIGKILL
    assert not is_pausing(journal)
    end_pausing(journal)
    end_pausing(str(domain.with_name("no journal")))


def test_one_that_was_ended_between_its_mark_and_its_pause(
    library: Path, domain: Path
) -> None:
    domain.write_text("suspended")
    journal = str(domain.with_name("journal"))
    write_mark(journal, 4)
    run(library, "pause-suspended", "4", journal)
    assert domain.read_text() == "suspended paused"


def test_the_room_for_a_mark_is_taken_beforehand(
    called: list[Pausing], domain: Path
) -> None:
    """The disk may be full by then."""
    mark = Path(mark_of(str(domain.with_name("journal"))))
    pause(called, domain).ready()
    before = mark.stat().st_size
    domain.write_text("suspended")
    becomes(domain, "suspended paused")
    assert mark.stat().st_size == before > 0


def test_who_started_it_may_be_gone_before_it_begins(
    library: Path, domain: Path
) -> None:
    domain.write_text("suspended")
    journal = str(domain.with_name("journal"))
    arguments = ("pause-suspended", str(library), "4", journal)
    command = [sys.executable, "-c", call(library), *arguments]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, input=b"\n", stdout=writing, timeout=60, check=False)
    os.close(writing)
    assert domain.read_text() == "suspended paused"
    assert done.returncode == 0


def test_a_second_one_ends(called: list[Pausing], domain: Path, library: Path) -> None:
    journal = str(domain.with_name("journal"))
    pause(called, domain).ready()
    done = run(library, "pause-suspended", "4", journal)
    assert (done.returncode, done.stderr) == (
        1,
        f"another program holds {mark_of(journal)}\n",
    )


def test_a_mark_that_cannot_be_read_is_told(domain: Path) -> None:
    journal = str(domain.with_name("journal"))
    Path(mark_of(journal)).write_text("no number\n")
    with pytest.raises(exceptions.ToolstackFailed, match=r"journal\.pausing"):
        paused_domain(journal)
    forget_mark(journal)
    forget_mark(journal)
    assert paused_domain(journal) is None


def test_it_outlives_who_started_it(called: list[Pausing], domain: Path) -> None:
    started = pause(called, domain)
    started.ready()
    _let_go(started)
    domain.write_text("suspended")
    becomes(domain, "suspended paused")


def test_what_was_settled_meanwhile_goes_on(
    called: list[Pausing], domain: Path
) -> None:
    started = pause(called, domain)
    started.ready()
    _let_go(started)
    domain.write_text("suspended settled")
    becomes(domain, "suspended settled paused unpaused")


def _let_go(started: Pausing) -> None:
    """As the end of this process does, and time for the program to see it."""
    for stream in (started._process.stdin, started._process.stdout):
        assert stream is not None
        stream.close()
    # it looks at once here, see xs_check_watch
    time.sleep(1)


def test_it_is_told_that_libxl_does_not_answer(
    called: list[Pausing], domain: Path, caplog: pytest.LogCaptureFixture
) -> None:
    domain.write_text("broken")
    started = pause(called, domain)
    with pytest.raises(exceptions.ToolstackFailed) as failed:
        started.ready()
    assert str(failed.value) == (
        "Xen's own tool failed while getting ready to pause domain 4 when it is "
        "suspended: libxl_domain_info answered -3."
    )


def test_what_was_not_to_begin_is_closed_without_a_word(
    called: list[Pausing], domain: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It loads while others check, and they may refuse."""
    started = pause(called, domain)
    started._process.kill()
    started._process.wait(SOON)
    started.close()
    assert caplog.messages == []


def test_it_is_told_that_a_domain_was_not_to_be_paused(
    called: list[Pausing], domain: Path, caplog: pytest.LogCaptureFixture
) -> None:
    domain.write_text("suspended stubborn")
    started = pause(called, domain)
    started.ready()
    started._process.wait(SOON)
    started.close()
    assert caplog.messages == [
        "Domain 4 was not to be paused as it was suspended: libxl_domain_pause "
        "answered -3"
    ]


def test_one_that_does_not_begin(
    called: list[Pausing],
    domain: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleeping = tmp_path / "libxl_program.py"
    sleeping.write_text("import time; time.sleep(600)")
    monkeypatch.setattr(libxl_program, "__file__", str(sleeping))
    called.append(Pausing(4, str(domain), timeout=0.2))
    with pytest.raises(exceptions.ToolstackFailed, match="did not begin in time"):
        called[0].ready()


def test_one_that_cannot_be_started(
    domain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(exceptions.ToolstackFailed, match="No such file"):
        Pausing(4, str(domain))


@pytest.mark.parametrize(
    ("there", "running", "taken"),
    [
        ([], [4, 17], None),
        (["libxenlight.so.4.17.0", "libxenlight.so.4.17"], [], "libxenlight.so.4.17"),
        (["libxenlight.so.4.9", "libxenlight.so.4.20"], [], "libxenlight.so.4.20"),
        (["libxenlight.so.4.9", "libxenlight.so.4.20"], [4, 9], "libxenlight.so.4.9"),
        (["libxenlight.so.4.9", "libxenlight.so.4.20"], [4, 17], "libxenlight.so.4.20"),
    ],
)
def test_the_library_of_the_running_xen_or_the_newest(
    tmp_path: Path, there: list[str], running: list[int], taken: str | None
) -> None:
    for name in there:
        (tmp_path / name).touch()
    found = libxl_command.library_of((str(tmp_path / "libxenlight.so.4.*"),), running)
    assert found == (taken and str(tmp_path / taken))
