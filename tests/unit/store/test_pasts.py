import os

import pytest
from support.store_samples import assert_same_step, experiment, prompts_of, simple_step, write

from lwd_tui.store.errors import DamagedRun
from lwd_tui.store.folder import delete_run, list_runs, rename_run, restore_run, runs_folder
from lwd_tui.store.run import RunStore
from lwd_tui.types import Post

STEPS = 6


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path))
    runs_folder().mkdir()
    return runs_folder()


@pytest.fixture
def parent(folder):
    path = folder / "parent.sqlite"
    with RunStore.create(path, experiment(steps=STEPS), {}) as store:
        for t in range(4):
            # Alike in several steps, as prompts to who reads nothing are.
            write(store, simple_step(t), prompts_of(simple_step(t).draws))
    return path


def fork(path, at, name="fork", posts=()):
    made = path.with_name(f"{name}.sqlite")
    with RunStore.open(path) as store:
        store.make_fork(made, at, store.experiment, {"fork": None}, posts)
    return made


def go_on(path, until):
    with RunStore.open(path, write=True) as store:
        for t in range(store.finished(), until):
            write(store, simple_step(t))


def assert_whole(path, steps):
    with RunStore.open(path) as store:
        assert store.finished() == steps == len(store.numbers())
        for t in range(steps):
            step = simple_step(t)
            assert_same_step(store.step(t), step)
            assert [store.prompt(t, i) for i in (0, 1)] == prompts_of(step.draws)
        assert [post.id for post in store.posts()] == list(range(3 + 2 * steps))
        assert len(store.search_responses("answer")) == 4 * steps
        assert len(store.search_posts("answer")) == 2 * steps
        assert [(t, i) for t, i, _ in store.draw_sizes()] == [
            (t, i) for t in range(steps) for i in (0, 1)
        ]
        first = store.search_responses("answer", limit=3)
        assert [response.t for response in first] == [0, 0, 0]


def test_forks_of_forks_are_whole_whatever_becomes_of_their_parents(parent):
    one = fork(parent, 2)
    go_on(one, 5)
    two = fork(one, 4, "two")
    earlier = fork(two, 1, "earlier")
    go_on(two, STEPS)
    parent.unlink()
    delete_run(one)
    go_on(earlier, 3)
    assert_whole(two, STEPS)
    assert_whole(earlier, 3)


def test_a_fork_takes_hardly_any_room_and_is_counted_so(folder, parent):
    with RunStore.open(parent, write=True) as store:
        store.update_record(filling="x" * 2_000_000)
    fork(parent, 3)
    sizes = {run.name: run.size for run in list_runs()}
    assert sizes["fork"] < sizes["parent"] / 10
    parent.unlink()
    (left,) = list_runs()
    assert left.size > sizes["parent"]


def test_a_parent_that_goes_on_changes_nothing_in_its_fork(parent):
    made = fork(parent, 2)
    with RunStore.open(made) as reader:
        go_on(parent, STEPS)
        assert reader.finished() == 2
        assert len(reader.posts()) == 7
        assert_same_step(reader.step(1), simple_step(1))
    assert_whole(parent, STEPS)
    go_on(made, 3)
    assert_whole(made, 3)


def test_what_was_put_in_by_hand_at_the_fork_stays_with_forks_of_it(parent):
    by_hand = Post(7, "By hand.", "", "injected", 2)
    one = fork(parent, 2, posts=[by_hand])
    two = fork(one, 2, "two")
    with RunStore.open(two) as store:
        assert store.posts()[7:] == [by_hand]
        assert store.search_posts("hand") == [by_hand]


def test_a_parent_whose_writer_was_killed_is_shared_with_what_its_log_held(parent):
    killed = parent.with_name("killed.sqlite")
    with RunStore.open(parent, write=True) as store:
        write(store, simple_step(4))
        for ending in ("", "-wal"):
            log = parent.with_name(f"parent.sqlite{ending}")
            killed.with_name(f"killed.sqlite{ending}").write_bytes(log.read_bytes())
    made = fork(killed, 5)
    assert killed.stat().st_nlink == 2
    for path in parent.parent.glob("killed*"):
        path.unlink()
    go_on(made, STEPS)
    assert_whole(made, STEPS)


def test_a_parent_whose_log_cannot_be_folded_in_is_copied_with_it(parent, monkeypatch):
    monkeypatch.setattr("lwd_tui.store.run.settle_file", lambda *_: None)
    with RunStore.open(parent, write=True) as store:
        write(store, simple_step(4))
        killed = parent.with_name("killed.sqlite")
        for ending in ("", "-wal"):
            log = parent.with_name(f"parent.sqlite{ending}")
            killed.with_name(f"killed.sqlite{ending}").write_bytes(log.read_bytes())
    made = fork(killed, 5)
    assert killed.stat().st_nlink == 1
    go_on(made, STEPS)
    assert_whole(made, STEPS)


def test_where_no_file_can_have_two_names_a_fork_holds_a_copy(parent, monkeypatch):
    one = fork(parent, 2)
    go_on(one, 4)

    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    two = fork(one, 3, "two")
    for path in (parent, *one.parent.glob("fork*")):
        path.unlink()
    go_on(two, STEPS)
    assert_whole(two, STEPS)
    assert list(two.parent.iterdir()) == [two]


def test_a_long_line_of_forks_is_cut_short_by_a_copy(parent):
    path = parent
    for t in range(4, 15):
        path = fork(path, t, f"fork-{t}")
        go_on(path, t + 1)
    # Eight are shared, the ninth was a copy.
    assert len(list(path.parent.glob("fork-11.sqlite-past*"))) == 8
    assert not list(path.parent.glob("fork-12.sqlite-past*"))
    assert_whole(path, 15)


def test_a_fork_is_moved_with_its_past(folder, parent):
    go_on(rename_run(fork(parent, 2), "renamed"), 3)
    delete_run(folder / "renamed.sqlite")
    assert [path.name for path in folder.iterdir()] == ["parent.sqlite"]
    assert_whole(restore_run("renamed"), 3)


def test_a_fork_without_its_past_says_what_is_missing(parent):
    made = fork(parent, 2)
    past = made.with_name("fork.sqlite-past1")
    RunStore.create(parent.with_name("other.sqlite"), experiment(), {}).close()
    for spoil in (past.unlink, lambda: past.write_bytes(b"no run")):
        spoil()
        with pytest.raises(DamagedRun, match=r"put fork\.sqlite-past1 there"):
            RunStore.open(made)
    past.unlink()
    parent.with_name("other.sqlite").rename(past)
    with pytest.raises(DamagedRun, match=r"before t = 2 isn't beside it"):
        RunStore.open(made, write=True)
