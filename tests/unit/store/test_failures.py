import contextlib
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from support.store_samples import (
    assert_same_step,
    attempt,
    begin,
    experiment,
    simple_step,
    write,
)

from lwd_tui.errors import LwdError, RunStopped
from lwd_tui.store.errors import DamagedRun, NewerRun, NoSuchRun, RunBusy, StoreError
from lwd_tui.store.export import export
from lwd_tui.store.run import RunStore
from lwd_tui.store.schema import MIGRATIONS
from lwd_tui.types import Response

HERE = Path(__file__).parents[2]


def python(code, *args, before=()):
    """Start a process that runs code with the samples at hand."""
    script = f"import sys; sys.path.insert(0, {str(HERE)!r})\n" + textwrap.dedent(code)
    return subprocess.Popen(
        [*before, sys.executable, "-c", script, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tiny.sqlite"


@pytest.fixture
def written(path):
    with RunStore.create(path, experiment(posts=20, steps=5), {}) as store:
        for t in range(3):
            write(store, simple_step(t, size=20))
        begin(store, simple_step(3, size=20))
        store.add_response(simple_step(3).responses[0])
    return path


ENDLESS = """
from pathlib import Path
from support.store_samples import begin, experiment, simple_step
from lwd_tui.store.run import RunStore

store = RunStore.create(Path(sys.argv[1]), experiment(steps=10**6), {})
for t in range(10**6):
    step = simple_step(t, answers=20)
    begin(store, step)
    for response in step.responses:
        store.add_response(response)
        print(t, response.participant, response.index, flush=True)
    store.finish_step(step)
    print("whole", t, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 25, 41, 42, 100, 333])
def test_what_was_committed_before_a_kill_is_there(path, lines):
    process = python(ENDLESS, path)
    told = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.read().splitlines()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    process.stderr.close()

    answers, whole = set(), 0
    # The last line may have been cut by the kill.
    for line in told[: len(told) - 1]:
        if line.startswith("whole"):
            whole = int(line.split()[1]) + 1
        else:
            answers.add(tuple(map(int, line.split())))
    with RunStore.open(path) as store:
        assert store.status == "stopped"
        assert store.finished() in (whole, whole + 1)
        for t in range(store.finished()):
            assert_same_step(store.step(t), simple_step(t, answers=20))
        kept = [answer for t in range(store.finished() + 1) for answer in store.pending(t)]
        assert answers <= {(answer.t, answer.participant, answer.index) for answer in kept}

    with RunStore.open(path, write=True) as store:
        t = store.finished()
        step = simple_step(t, answers=20)
        begin(store, step)
        there = store.pending(t)
        for response in step.responses:
            if response not in there:
                store.add_response(response)
        store.finish_step(step)
        assert_same_step(store.step(t), step)


def test_a_killed_writer_holds_no_lock(path):
    process = python(ENDLESS, path)
    process.stdout.readline()
    with pytest.raises(RunBusy, match="run tiny is being written by another process"):
        RunStore.open(path, write=True)
    with RunStore.open(path) as reader:
        assert reader.status == "running"
    process.kill()
    process.communicate()
    RunStore.open(path, write=True).close()


def test_a_full_disk_stops_the_run_and_loses_nothing(path):
    step = simple_step(0)
    with RunStore.create(path, experiment(), {}) as store:
        begin(store, step)
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        stored = []

        def answer_on():
            for index in range(1000):
                answer = Response(0, 0, index, (attempt("word " * 200),))
                store.add_response(answer)
                stored.append(answer)

        with pytest.raises(RunStopped, match="run tiny can't be written: the disk is full") as stop:
            answer_on()
        assert stop.value.exit_code == 4
        assert store.pending(0) == stored
    with RunStore.open(path, write=True) as store:
        assert store.pending(0) == stored
        store.add_response(Response(0, 1, 0, (attempt(),)))


def test_a_step_that_finds_the_disk_full_can_be_finished_later(path):
    step = simple_step(0, dimensions=2000)
    with RunStore.create(path, experiment(), {}) as store:
        begin(store, step)
        for response in step.responses:
            store.add_response(response)
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RunStopped, match="the disk is full"):
            store.finish_step(step)
        assert (store.finished(), len(store.posts())) == (0, 3)
        store._connection.execute("PRAGMA max_page_count = 100000")
        store.finish_step(step)
    with RunStore.open(path) as store:
        assert_same_step(store.step(0), step)


FULL = """
import subprocess
from pathlib import Path
from support.store_samples import assert_same_step, begin, experiment, simple_step, write
from lwd_tui.errors import LwdError
from lwd_tui.store.run import RunStore

disk = Path(sys.argv[1])
mount = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(disk)]
if subprocess.run(mount).returncode:
    sys.exit("no mount")
path = disk / "tiny.sqlite"
steps, answers = 0, []
with RunStore.create(path, experiment(steps=1000), {}) as store:
    try:
        for steps in range(1000):
            step, answers = simple_step(steps, dimensions=500), []
            begin(store, step)
            for response in step.responses:
                store.add_response(response)
                answers.append(response)
            store.finish_step(step)
    except LwdError as error:
        assert error.exit_code == 4, error
        print(error)
assert steps > 5
with RunStore.open(path) as store:
    assert (store.finished(), store.pending(steps)) == (steps, answers)
    for t in range(steps):
        assert_same_step(store.step(t), simple_step(t, dimensions=500))
subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
with RunStore.open(path, write=True) as store:
    begin(store, step)
    for response in step.responses:
        if response not in answers:
            store.add_response(response)
    store.finish_step(step)
    write(store, simple_step(steps + 1, dimensions=500))
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
with RunStore.open(path) as store:
    assert store.finished() == steps + 2
for change in (lambda: RunStore.open(path, write=True),
               lambda: RunStore.create(disk / "new.sqlite", experiment(), {})):
    try:
        change()
    except LwdError as error:
        assert error.exit_code == 2
        print(error)
"""


def test_a_disk_that_fills_up_and_one_that_cannot_be_written(tmp_path):
    process = python(FULL, tmp_path, before=("unshare", "--mount", "--map-root-user"))
    out, errors = process.communicate(timeout=60)
    if "no mount" in errors or "unshare" in errors:
        pytest.skip("this machine doesn't let a test mount a small disk")
    assert process.returncode == 0, errors
    full, resume, create = out.splitlines()
    assert full.startswith("run tiny can't be written: the disk is full; what was computed")
    for sentence in (resume, create):
        assert "Read-only file system" in sentence


def test_an_unwritable_folder_is_said_at_the_start(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for folder in (tmp_path / "file", tmp_path / "missing"):
        with pytest.raises(StoreError, match="run tiny can't be written in") as refusal:
            RunStore.create(folder / "tiny.sqlite", experiment(), {})
        assert refusal.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty, or another program's file"),
        (b"name,value\n1,2\n" * 100, "is not a run: it isn't an SQLite file"),
    ],
)
def test_what_is_no_run_is_refused_and_left_alone(path, content, sentence):
    path.write_bytes(content)
    for write_too in (False, True):
        with pytest.raises(DamagedRun, match=sentence):
            RunStore.open(path, write=write_too)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_another_programs_database_is_refused(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE run (id)")
    other.close()
    with pytest.raises(DamagedRun, match="another program's file"):
        RunStore.open(path)


def test_a_missing_run_is_said_to_be_missing(path):
    for write_too in (False, True):
        with pytest.raises(NoSuchRun, match="there is no run tiny"):
            RunStore.open(path, write=write_too)
    assert list(path.parent.iterdir()) == []


def test_a_run_of_a_later_version_is_refused(written):
    connection = sqlite3.connect(written)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for write_too in (False, True):
        with pytest.raises(NewerRun, match=f"file version 99, this one knows {len(MIGRATIONS)}"):
            RunStore.open(written, write=write_too)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_gives_a_sentence_whatever_is_asked_of_it(written, tmp_path, seed):
    rng, content = np.random.default_rng(seed), bytearray(written.read_bytes())
    start = int(rng.integers(len(content)))
    match seed % 3:
        case 0:
            del content[start:]
        case 1:
            content[start : start + 4096] = rng.bytes(min(4096, len(content) - start))
        case 2:
            for place, value in rng.integers((len(content), 256), size=(30, 2)):
                content[place] = value
    written.write_bytes(content)
    with contextlib.suppress(LwdError), RunStore.open(written) as store:
        store.summary()
        export(store, "jsonl", tmp_path / "out.jsonl", embeddings=True)


def test_a_run_whose_log_was_not_written_back_is_read(path):
    """As after a kill: all of the run may still be in the log beside the file."""
    process = python(ENDLESS, path)
    for _ in range(60):
        process.stdout.readline()
    process.kill()
    process.communicate()
    assert path.with_name("tiny.sqlite-wal").stat().st_size > 0
    with RunStore.open(path) as store:
        assert store.finished() >= 1
        assert_same_step(store.step(0), simple_step(0, answers=20))
