"""The demonstrations that ship: what they say is in the runs that they play."""

import lzma
import re

import pytest

import lwd_tui as lwd
from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import load_preset
from lwd_tui.glossary import GLOSSARY
from lwd_tui.lessons import lesson as lessons_module
from lwd_tui.lessons.lesson import NoSuchLesson, lesson_called, lessons
from lwd_tui.lessons.recorded import RecordedMissing, recorded_run, run_called
from lwd_tui.store.errors import NoSuchRun, run_name
from lwd_tui.store.folder import runs_folder
from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import PAGES

LESSONS = lessons()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize("name", LESSONS)
def test_every_stop_is_in_its_run(name):
    lesson = LESSONS[name]
    assert 5 <= len(lesson.stops) <= 8
    load_preset(lesson.live)
    pages = {entry.name: entry.load() for entry in PAGES}
    with RunStore.open(recorded_run(lesson.recorded)) as store:
        last = store.specification["steps"]
        if store.kind == "llm":
            assert store.finished() == last + 1
    for stop in lesson.stops:
        assert stop.t is None or stop.t <= last
        assert not stop.panel or stop.panel in dict(pages[stop.page].PANELS)
        # At 80x24 all of it must leave room for the page.
        assert sum(len(text) for text in (stop.say, stop.ask, stop.press)) <= 420


def test_a_row_is_called_as_the_table_calls_it():
    told = [stop.say for lesson in LESSONS.values() for stop in lesson.stops]
    rows = [row for say in told for row in re.findall('row "([^"]+)"', say)]
    assert len(rows) >= 2
    assert set(rows) <= {term.name for term in GLOSSARY.values()}


def test_they_come_in_their_order():
    orders = [lesson.order for lesson in LESSONS.values()]
    assert orders == sorted(set(orders))


def test_a_recorded_run_can_be_named_like_ones_own_which_comes_first(home):
    assert run_called("mixtures") == recorded_run("mixtures")
    assert lwd.load_run("mixtures").path == recorded_run("mixtures")
    own = runs_folder() / "mixtures.sqlite"
    own.parent.mkdir(parents=True)
    own.write_bytes(recorded_run("mixtures").read_bytes())
    assert run_called("mixtures") == lwd.load_run("mixtures").path == own
    with pytest.raises(NoSuchRun, match="'mixture_'"):
        run_called("mixture_")


def test_a_recorded_run_is_unpacked_once(home):
    path = recorded_run("mixtures")
    assert path.is_relative_to(home)
    assert run_name(path) == "mixtures"
    before = path.stat().st_mtime_ns
    assert recorded_run("mixtures") == path
    assert path.stat().st_mtime_ns == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "is damaged"),
        (lambda path: path.write_bytes(b"not packed"), "is damaged"),
        (lambda path: path.unlink(), "can't be read"),
    ],
)
def test_a_damaged_recording_is_one_sentence(tmp_path, monkeypatch, damage, says):
    folder = tmp_path / "shipped" / "recorded"
    folder.mkdir(parents=True)
    packed = folder / "mixtures.sqlite.xz"
    packed.write_bytes(lzma.compress(b"x" * 9_000))
    damage(packed)
    monkeypatch.setattr("lwd_tui.lessons.recorded.shipped", lambda: tmp_path / "shipped")
    with pytest.raises(RecordedMissing, match=says) as told:
        recorded_run("mixtures")
    assert "install lwd-tui anew" in str(told.value)


def test_a_disk_without_room_is_one_sentence(home):
    home.write_text("a file where the folder should be")
    with pytest.raises(LwdError, match="can't write to"):
        recorded_run("mixtures")


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(NoSuchLesson, match="did you mean mixtures"):
        lesson_called("mixture")
    assert NoSuchLesson.exit_code == 2


def test_the_whole_of_them_is_small():
    folder = lessons_module.shipped() / "recorded"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 5_000_000
