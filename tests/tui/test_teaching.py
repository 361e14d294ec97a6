"""Demonstrations in the explorer: stop by stop, forward, back and out of them."""

import asyncio
import threading

import pytest
from support.tui import handmade_run, scripted, shown, until

import lwd_tui.tui.app
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.network import simulate
from lwd_tui.lessons.lesson import Lesson, Stop, lesson_called, lessons
from lwd_tui.lessons.recorded import recorded_run
from lwd_tui.run.mixtures import keep
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.help import Help
from lwd_tui.tui.pages.gmm.page import GmmPage
from lwd_tui.tui.parts.guide import Guide
from lwd_tui.tui.parts.question import Question

LESSONS = lessons()
NEW_HERE = lwd_tui.tui.app._is_new_here


def _lines(lesson):
    return [stop.line for stop in lesson.stops if stop.line]


def guide(app):
    return app.screen.query_one(Guide)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_mixtures_are_shown_stop_by_stop(size):
    lesson = lesson_called("mixtures")
    app = Explorer(lesson=lesson)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.lesson is not None and isinstance(app.screen, GmmPage))
        page = app.screen
        await until(pilot, lambda: page.scene is not None and page.scene.t == 200)
        assert "1/5" in shown(app)
        await pilot.press("right_parenthesis")
        await until(pilot, lambda: page.scene.t == 0 and app.lesson_place == 1)
        assert lesson.stops[1].say[:40] in shown(app)
        await pilot.press("left_parenthesis", "left_parenthesis")
        assert app.lesson_place == 0
        for _ in range(9):
            await pilot.press("right_parenthesis")
        await until(pilot, lambda: "5/5" in shown(app))
        assert guide(app).region.bottom <= size[1] - 1
        await pilot.press("X")
        await until(pilot, lambda: not guide(app).display)
        assert page.scene is not None


async def test_a_run_is_shown_at_the_step_and_panel_of_each_stop(monkeypatch, tmp_path):
    kept = handmade_run(tmp_path / "kept.sqlite")
    monkeypatch.setattr("lwd_tui.lessons.recorded.recorded_run", lambda name: kept)
    hostile = "see \x1b]0;title\x07 [bold]this[/bold]"
    stops = (
        Stop(page="live", t=1, panel="scatter", say=hostile),
        Stop(page="statistics", t=4, panel="verdicts", say="and this", ask="why?", press="o"),
    )
    lesson = Lesson(order=1, title="a test", recorded="x", live="quickstart", stop=stops)
    app = Explorer(lesson=lesson)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.view.t == 1)
        await until(pilot, lambda: "[bold]this[/bold]" in shown(app))
        assert "\x1b" not in shown(app)
        assert app.screen.query_one("#scatter").has_class("-chosen")
        await pilot.press("right_parenthesis")
        await until(pilot, lambda: app.screen.name == "statistics" and app.view.t == 4)
        await until(pilot, lambda: "? why?" in shown(app))
        assert app.screen.query_one("#verdicts").has_class("-chosen")


@pytest.mark.parametrize("name", [name for name, each in LESSONS.items() if _lines(each)])
async def test_the_line_that_a_stop_tells_of_is_to_be_seen(name):
    lesson = LESSONS[name]
    app = Explorer(lesson=lesson)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.lesson is not None)
        for place, stop in enumerate(lesson.stops):
            if place:
                await pilot.press("right_parenthesis")
            if stop.line:
                await until(pilot, lambda stop=stop: f"│ {stop.line} " in shown(app))


async def test_help_that_is_opened_while_a_demonstration_begins_stays_over_it(monkeypatch):
    whole, may_go_on = recorded_run, threading.Event()

    def slow(name):
        may_go_on.wait(20)
        return whole(name)

    monkeypatch.setattr("lwd_tui.lessons.recorded.recorded_run", slow)
    lesson = lesson_called("collapse")
    app = Explorer(lesson=lesson)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.screen.name == "live")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        may_go_on.set()
        await until(pilot, lambda: app.lesson is lesson)
        await pilot.press("escape")
        await until(pilot, lambda: guide(app))


async def test_the_run_of_a_demonstration_is_not_remembered_however_late_it_is_heard_of(
    tmp_path,
):
    mine = handmade_run(tmp_path / "mine.sqlite")
    app = Explorer(run=mine)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.step is not None)
        # What the run tells waits behind this.
        app.call_later(asyncio.sleep, 1.5)
        app.teach(lesson_called("collapse"))
        await until(pilot, lambda: app.lesson is not None)
        await pilot.pause(2)
        assert app.memory.run == str(mine)


async def test_without_a_demonstration_its_keys_do_nothing():
    app = Explorer()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.name == "setup" and app.screen.query("Guide"))
        await pilot.press("right_parenthesis", "X", "Y")
        assert app.lesson is None
        assert app.screen.name == "setup"
        assert not guide(app).display


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_new_user_is_offered_them_until_there_is_a_run(monkeypatch, still, size):
    monkeypatch.setattr("lwd_tui.tui.app._is_new_here", NEW_HERE)
    app = Explorer()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "D plays recorded runs" in shown(app))
        await pilot.press("D")
        await until(pilot, lambda: "Why the norm must fall" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.lesson is not None)
        # Its advice is taken: its lines are the panel's again.
        await until(pilot, lambda: "D plays recorded runs" not in shown(app))
    (still / "runs").mkdir(parents=True)
    (still / "runs" / "mine.sqlite").touch()
    assert not NEW_HERE()


async def test_one_demonstration_may_follow_another_from_any_stop():
    app = Explorer(lesson=lesson_called("collapse"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.lesson is not None and app.view.t == 0)
        # All at once, as a key that repeats presses them.
        await pilot.press(*["right_parenthesis"] * 3)
        await until(pilot, lambda: app.lesson_place == 3 and app.view.t == 24)
        await pilot.pause(0.5)
        assert app.screen.query_one("#internet").has_class("-chosen")
        await pilot.press(*["right_parenthesis"] * 3)
        await until(pilot, lambda: app.lesson_place == 6)
        await pilot.press("D")
        await until(pilot, lambda: app.screen.query("Presets"))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.lesson is not None and app.lesson.recorded == "alone")
        assert app.lesson_place == 0
        await until(pilot, lambda: "unread  1/5" in shown(app))
        # It isn't the user's run, and isn't opened again as if it were.
        assert app.memory.run == ""


async def test_a_stop_that_speaks_of_words_below_can_be_scrolled_to():
    app = Explorer(lesson=lesson_called("collapse"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.lesson is not None and app.view.t == 0)
        await pilot.press(*["right_parenthesis"] * 4)
        await until(pilot, lambda: app.screen.name == "statistics")
        await until(pilot, lambda: app.screen._findings.whole is not None)
        await pilot.pause(0.3)
        before = shown(app)
        await pilot.press("j", "j", "j")
        await until(pilot, lambda: shown(app) != before)
        await pilot.press("end")
        await until(pilot, lambda: "qwen over t" in shown(app))


async def test_a_demonstration_is_not_told_over_a_run_that_is_stayed_with():
    app = Explorer(experiment=scripted(scripted__tokens_per_second=200, steps=60))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.progress.phase == "asking" and app.controller is not None)
        mine = app.controller
        playing = app.teach(lesson_called("collapse"))
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        await until(pilot, lambda: playing.is_finished)
        assert app.controller is mine
        assert app.lesson is None


async def test_a_demonstration_is_left_when_another_run_is_opened(monkeypatch, tmp_path):
    kept, other = (handmade_run(tmp_path / f"{name}.sqlite") for name in ("kept", "other"))
    monkeypatch.setattr("lwd_tui.lessons.recorded.recorded_run", lambda name: kept)
    stops = (Stop(page="live", t=1, say="this"), Stop(page="live", t=4, say="and that"))
    app = Explorer(lesson=Lesson(order=1, title="a test", recorded="x", live="y", stop=stops))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.lesson is not None and app.view.t == 1)
        app.open(other)
        await until(pilot, lambda: app.controller is not None and app.controller.path == other)
        await until(pilot, lambda: app.view.t == 5 and not guide(app).display)
        await pilot.press("right_parenthesis")
        assert app.view.t == 5


async def test_a_demonstration_of_mixtures_is_left_when_others_are_opened(tmp_path):
    other = tmp_path / "other.sqlite"
    keep(simulate(GmmSpec(name="small", steps=3, replicates=1)), other)
    app = Explorer(lesson=lesson_called("mixtures"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.lesson is not None and isinstance(app.screen, GmmPage))
        await app.opened(other)
        assert app.lesson is None


@pytest.fixture
def begun(monkeypatch):
    """The names of the presets that are begun, each as a small run of scripted models."""
    names = []

    def rehearsal(name):
        names.append(name)
        return scripted(steps=1)

    monkeypatch.setattr("lwd_tui.experiment.files.load_preset", rehearsal)
    return names


async def test_the_run_of_a_demonstration_is_begun_live_only_when_that_is_wished(begun):
    app = Explorer(lesson=lesson_called("mixtures"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.lesson is not None)
        await pilot.press("Y")
        await until(pilot, lambda: "This begins bitcoin" in shown(app))
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert begun == []
        await pilot.press("Y")
        await until(pilot, lambda: "This begins bitcoin" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: app.progress.phase == "done")
        assert begun == ["bitcoin"]
        assert app.lesson is None
        await until(pilot, lambda: app.current_mode == "live")


async def test_a_demonstration_goes_on_if_the_run_under_way_is_stayed_with(begun):
    app = Explorer(experiment=scripted(scripted__tokens_per_second=200, steps=60))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.progress.phase == "asking" and app.controller is not None)
        app.teach(lesson_called("mixtures"))
        await until(pilot, lambda: app.lesson is not None)
        await pilot.press("Y")
        await until(pilot, lambda: "This begins bitcoin" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "A run is under way" in shown(app))
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, Question))
        await pilot.pause(0.2)
        assert app.lesson is not None
        assert app.current_mode == "gmm"
