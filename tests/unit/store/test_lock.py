import fcntl
import os
import subprocess
import sys
import threading

import pytest

from lwd_tui.store import lock
from lwd_tui.store.errors import RunBusy
from lwd_tui.store.lock import WriterLock, is_locked, lock_path

HOLD = """
import sys, time
from pathlib import Path
from lwd_tui.store.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
"""
# Each process adds one to a number many times; without the lock, some additions would be lost.
COUNT = """
import sys
from pathlib import Path
from lwd_tui.store.errors import RunBusy
from lwd_tui.store.lock import WriterLock
run = Path(sys.argv[1])
for _ in range(60):
    while True:
        try:
            lock = WriterLock(run)
            break
        except RunBusy:
            pass
    number = int(run.read_text())
    run.write_text(str(number + 1))
    lock.release()
"""


def python(code, path):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def run(tmp_path):
    return tmp_path / "tiny.sqlite"


def test_one_holder_at_a_time_in_one_process(run):
    assert not is_locked(run)
    with WriterLock(run):
        assert is_locked(run)
        with pytest.raises(RunBusy, match="run tiny is being written by another process"):
            WriterLock(run)
    assert not is_locked(run)


def test_a_killed_holder_lets_go(run):
    process = python(HOLD, run)
    assert process.stdout.readline() == "held\n"
    assert is_locked(run)
    process.kill()
    process.communicate()
    assert not is_locked(run)
    WriterLock(run).release()


def test_nothing_is_left_of_a_released_lock(run):
    held = WriterLock(run)
    held.release()
    held.release()
    assert list(run.parent.iterdir()) == []


def test_two_names_of_one_run_have_one_lock(run):
    run.touch()
    other = run.with_name("other.sqlite")
    other.symlink_to(run)
    assert lock_path(other) == lock_path(run)


def test_looking_whether_it_is_locked_keeps_nobody_from_locking(run):
    look = os.open(lock_path(run), os.O_RDONLY | os.O_CREAT)
    fcntl.flock(look, fcntl.LOCK_SH)
    assert not is_locked(run)
    threading.Timer(0.1, os.close, [look]).start()
    WriterLock(run).release()


def test_who_waited_for_a_lock_that_was_removed_does_not_hold_it(run, monkeypatch):
    first, third = WriterLock(run), []
    try_lock = lock._try_lock

    def late(handle, shared=False):
        if not third:
            monkeypatch.setattr(lock, "_try_lock", try_lock)
            first.release()
            third.append(WriterLock(run))
        return try_lock(handle, shared)

    monkeypatch.setattr(lock, "_try_lock", late)
    with pytest.raises(RunBusy):
        WriterLock(run)
    third[0].release()


def test_processes_that_start_and_end_together_never_hold_it_at_once(run):
    run.write_text("0")
    counters = [python(COUNT, run) for _ in range(3)]
    for counter in counters:
        assert counter.communicate(timeout=60) is not None
        assert counter.returncode == 0
    assert run.read_text() == "180"
