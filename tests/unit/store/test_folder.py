import os
import re
import shlex
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from unittest.mock import Mock

import pytest
from support.store_samples import assert_same_step, begin, experiment, simple_step, write

from lwd_tui.errors import LwdError
from lwd_tui.store.errors import DamagedRun, NoSuchRun, RunBusy, RunExists, StoreError
from lwd_tui.store.folder import (
    annotate_run,
    delete_run,
    find_run,
    home,
    list_runs,
    made_folder,
    new_run_path,
    reference,
    rename_run,
    restore_run,
    runs_folder,
)
from lwd_tui.store.run import RunStore


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "runs"


def made(name, steps=0, **changes):
    path = new_run_path(name)
    with RunStore.create(path, experiment(**changes), {}) as store:
        for t in range(steps):
            write(store, simple_step(t))
    return path


def test_home_is_what_lwd_home_says(tmp_path, monkeypatch):
    assert home() == tmp_path / "home"
    assert runs_folder() == tmp_path / "home" / "runs"
    monkeypatch.setenv("LWD_HOME", "~/elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home() == tmp_path / "elsewhere"


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_DATA_HOME is Linux's")
def test_without_lwd_home_it_is_the_platforms_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert home() == tmp_path / "data" / "lwd-tui"


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError, match=r"can't write to .*file/runs: Not a directory") as refusal:
        new_run_path("tiny")
    assert "set LWD_HOME" in str(refusal.value)
    assert refusal.value.exit_code == 2
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    with pytest.raises(StoreError, match="it is a file; use a folder that you may write to"):
        made_folder(tmp_path / "file")
    # Folders of others may be there, and closed.
    monkeypatch.setenv("LWD_HOME", str(tmp_path))
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(
        StoreError, match=r"can't write to .*/runs: Permission denied; set LWD_HOME"
    ):
        new_run_path("tiny")


def test_new_names_are_readable_and_never_given_twice(folder):
    today = date.today().isoformat()
    paths = [new_run_path("Bitcoin") for _ in range(3)]
    assert [path.name for path in paths] == [f"bitcoin-{today}-{n}.sqlite" for n in (1, 2, 3)]
    assert not any(path.exists() for path in paths)
    with RunStore.create(paths[1], experiment(), {}) as store:
        assert store.path == paths[1]
    assert new_run_path("bitcoin").stem == f"bitcoin-{today}-4"


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("My  run: no. 1!", "my-run-no.-1-2"),
        ("../../etc/passwd", "etc-passwd-2"),
        ("\x1b[2J\n", "2j-2"),
        ("…", "run-2"),
        ("Größe", "größe-2"),
        ("-x", "x-2"),
        ("a" * 300, "a" * 40 + "-2"),
    ],
)
def test_any_name_of_an_experiment_gives_a_name_for_files(name, begins, folder):
    path = new_run_path(name)
    assert path.name.startswith(begins)
    assert path.parent == folder
    assert re.fullmatch(r"[\w.-]+", path.name)


def test_processes_that_start_together_get_different_names(folder):
    code = "from lwd_tui.store.folder import new_run_path\nfor _ in range(20):"
    code += " print(new_run_path('tiny').stem)"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    names = [name for process in processes for name in process.communicate()[0].split()]
    assert len(names) == len(set(names)) == 60


def test_names_that_no_run_took_up_are_given_back_later(folder):
    kept, path = made("tiny"), new_run_path("tiny")
    (lock,) = folder.glob(".*.lock")
    assert lock.name == f".{path.name}.lock"
    two_days_ago = time.time() - 2 * 86400
    os.utime(lock, (two_days_ago, two_days_ago))
    new_run_path("other")
    assert not lock.exists()
    assert kept.exists()


def test_a_run_is_found_by_name_path_or_beginning(tmp_path):
    one, two = made("bitcoin"), made("weather")
    outside = tmp_path / "result"
    RunStore.create(outside, experiment(), {}).close()
    assert find_run(one.stem) == one
    assert find_run("weath") == two
    assert find_run(str(outside)) == outside
    assert find_run(str(two)) == two


def test_a_run_is_told_by_what_finds_it_again(tmp_path, folder, monkeypatch):
    kept = made("bitcoin")
    assert reference(kept) == kept.stem
    # Of another ending, elsewhere, or in a folder of that one, no name finds it.
    for other in (folder / "result", tmp_path / "far.sqlite", folder / "deep" / "near.sqlite"):
        other.parent.mkdir(exist_ok=True)
        RunStore.create(other, experiment(), {}).close()
        assert reference(other) == str(other)
        assert find_run(reference(other)) == other
    # The same folder by another way.
    monkeypatch.chdir(folder)
    assert reference(Path(kept.name)) == kept.stem
    (tmp_path / "link").symlink_to(folder)
    assert reference(tmp_path / "link" / kept.name) == kept.stem
    assert find_run(kept.stem) == kept


def test_a_command_that_is_told_takes_names_with_blanks(tmp_path):
    for path in map(tmp_path.joinpath, ("two words.sqlite", "it's; $HOME", "über", "a-b_1")):
        assert shlex.split(f"lwd-tui resume {reference(path)}")[2:] == [str(path)]
    assert "'" not in reference(Path("über.sqlite"))


def test_a_file_goes_before_the_beginning_of_a_name(tmp_path, monkeypatch):
    made("bitcoin")
    monkeypatch.chdir(tmp_path)
    Path("bit").write_text("a file")
    assert find_run("bit") == Path("bit")


def test_a_beginning_of_several_names_is_refused():
    names = [made("tiny").stem for _ in range(6)]
    with pytest.raises(
        NoSuchRun, match=r"'tiny' begins the names of 6 runs: .* and others"
    ) as told:
        find_run("tiny")
    assert names[0] in str(told.value)


@pytest.mark.parametrize("text", ["bitcion-2026", "", "zzz", "no/such/file.sqlite"])
def test_a_run_that_is_not_there_is_said_with_the_nearest_names(text):
    path = made("bitcoin")
    with pytest.raises(NoSuchRun, match=f"no run and no file is called '{text}'") as told:
        find_run(text)
    hint = f"did you mean {path.stem}?" if text.startswith("bit") else "runs list"
    assert hint in str(told.value)
    assert told.value.exit_code == 2


def test_the_list_tells_each_run_in_a_line():
    done, stopped = made("first", steps=3), made("second", steps=1)
    with RunStore.create(new_run_path("third"), experiment(), {}):
        one, two, three = list_runs()
    assert (one.name, one.path, one.status) == (done.stem, done, "done")
    assert (one.experiment, one.participants) == ("tiny", ("ada", "ben"))
    assert (one.done, one.steps, one.norm_first, one.norm_last) == (3, 3, 2.0, 2 / 3)
    assert one.created.startswith(("20", "21"))
    assert one.size == done.stat().st_size
    assert (two.path, two.status, two.done, two.norm_last) == (stopped, "stopped", 1, 2.0)
    assert (three.status, three.done) == ("running", 0)
    assert three.norm_first != three.norm_first


def test_no_folder_and_an_empty_one_hold_no_runs(folder):
    assert list_runs() == []
    folder.mkdir(parents=True)
    assert list_runs() == []


def test_one_damaged_file_does_not_hide_the_others(folder):
    good = made("good", steps=1)
    (folder / "empty.sqlite").touch()
    (folder / "text.sqlite").write_text("not a run " * 500)
    cut = made("cut", steps=2)
    cut.write_bytes(cut.read_bytes()[:9000])
    (folder / "folder.sqlite").mkdir()
    runs = {run.name: run for run in list_runs()}
    assert runs[good.stem].status == "stopped"
    assert "folder" not in runs
    for name in ("empty", "text", cut.stem):
        assert runs[name].status == "damaged"
        assert name in runs[name].problem


def _listed(lists, name):
    return any(run.name == name for runs in lists for run in runs)


def test_runs_that_come_go_and_are_renamed_beside_it_spoil_no_list(folder):
    made("kept", steps=1)
    ended = threading.Event()

    def disturb():
        while not ended.is_set():
            path = made("coming", steps=1)
            restore_run(delete_run(rename_run(path, "going")).stem)
            (folder / "going.sqlite").unlink()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(disturb)
        try:
            lists = []
            while len(lists) < 150 or (not _listed(lists, "going") and len(lists) < 5000):
                lists.append(list_runs())
        finally:
            ended.set()
        other.result()
    assert _listed(lists, "going")
    assert {run.problem for runs in lists for run in runs} == {""}
    assert all(sum(run.name.startswith("kept") for run in runs) == 1 for runs in lists)


def test_a_log_that_its_writer_takes_away_meanwhile_spoils_no_list():
    path = made("kept", steps=1)
    # Listed, and not there when it is measured: a link that leads nowhere.
    path.with_name(f"{path.name}-log").symlink_to("gone")
    assert [run.problem for run in list_runs()] == [""]


def test_a_deleted_run_comes_back(folder):
    path = made("tiny", steps=1)
    kept = delete_run(path)
    assert not path.exists()
    assert list_runs() == []
    with RunStore.open(kept) as store:
        assert store.finished() == 1
    assert restore_run(path.stem) == path
    assert [run.name for run in list_runs()] == [path.stem]
    with pytest.raises(NoSuchRun, match="is in the trash"):
        restore_run(path.stem)


def test_a_run_kept_elsewhere_comes_back_there(tmp_path):
    path = tmp_path / "far" / "result.db"
    path.parent.mkdir()
    RunStore.create(path, experiment(), {}).close()
    delete_run(path)
    path.parent.rmdir()
    assert restore_run("result.db") == path
    RunStore.open(path).close()


def test_what_a_killed_writer_left_is_deleted_and_restored_with_it():
    path = made("tiny")
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from support.store_samples import simple_step, write
from lwd_tui.store.run import RunStore
store = RunStore.open(Path({str(path)!r}), write=True)
write(store, simple_step(0))
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    delete_run(path)
    assert not list(path.parent.glob("tiny*"))
    restore_run(path.stem)
    with RunStore.open(path) as store:
        assert_same_step(store.step(0), simple_step(0))


def test_of_two_deleted_runs_of_one_name_the_last_comes_back():
    path = made("tiny", steps=1)
    delete_run(path)
    with RunStore.create(path, experiment(), {}) as store:
        begin(store, simple_step(0))
    delete_run(path)
    restore_run(path.stem)
    with RunStore.open(path) as store:
        assert store.finished() == 0
    with pytest.raises(RunExists, match="is taken; rename that run first"):
        restore_run(path.stem)


def test_the_run_that_was_deleted_last_comes_back_also_where_the_clock_was_set_back(monkeypatch):
    path = made("going")
    for moment, note in ((2 * 10**18, "first"), (10**18, "second")):
        if note == "second":
            with RunStore.create(path, experiment(), {}):
                pass
        annotate_run(path, note)
        monkeypatch.setattr(time, "time_ns", lambda moment=moment: moment)
        delete_run(path)
    with RunStore.open(restore_run(path.stem)) as store:
        assert store.record["note"] == "second"


def test_the_trash_is_emptied_after_thirty_days():
    first, second = made("tiny"), made("tiny")
    old = delete_run(first).parent
    month_ago = time.time() - 31 * 86400
    os.utime(old, (month_ago, month_ago))
    kept = delete_run(second)
    assert not old.exists()
    assert kept.exists()


def test_a_running_run_is_neither_deleted_nor_renamed():
    path = new_run_path("tiny")
    with RunStore.create(path, experiment(), {}):
        for change in (lambda: delete_run(path), lambda: rename_run(path, "other")):
            with pytest.raises(RunBusy, match=f"run {path.stem} is being written"):
                change()
    assert path.exists()


def test_only_runs_are_deleted_outside_the_folder(tmp_path, folder):
    letter = tmp_path / "letter.txt"
    letter.write_text("dear")
    with pytest.raises(DamagedRun, match="is not a run"):
        delete_run(letter)
    with pytest.raises(NoSuchRun):
        delete_run(tmp_path / "missing")
    assert letter.read_text() == "dear"
    made("tiny")
    (folder / "torn.sqlite").write_text("half a file " * 100)
    delete_run(folder / "torn.sqlite")
    assert not (folder / "torn.sqlite").exists()


def test_a_run_gets_another_name():
    path = made("tiny", steps=1)
    new = rename_run(path, "Largest-ever.2")
    assert new == path.with_name("Largest-ever.2.sqlite")
    assert [run.name for run in list_runs()] == ["Largest-ever.2"]
    with RunStore.open(new) as store:
        assert_same_step(store.step(0), simple_step(0))
    other = made("tiny")
    with pytest.raises(RunExists, match=r"there is a run Largest-ever\.2 already"):
        rename_run(other, "Largest-ever.2")
    assert other.exists()


def test_a_run_that_cannot_be_moved_stays_and_is_told(monkeypatch):
    path = made("tiny", steps=1)
    monkeypatch.setattr("shutil.move", Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match=r"tiny.* can't be moved to .*: No space left on device"):
        rename_run(path, "other")
    with RunStore.open(path) as store:
        assert store.finished() == 1


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "two words", "x" * 81, "a\n"])
def test_a_name_that_no_file_may_have_is_refused(name):
    path = made("tiny")
    with pytest.raises(LwdError, match="can't be a run's name: use letters, digits"):
        rename_run(path, name)
    assert path.exists()


def test_a_note_is_kept_with_the_run():
    path = made("tiny")
    annotate_run(path, "the one with the sudden fall")
    assert list_runs()[0].note == "the one with the sudden fall"
    annotate_run(path, "")
    assert list_runs()[0].note == ""
