"""The Live page with a run: journeys of a teacher and of a researcher."""

import contextlib
import threading

import pytest
from support.tui import focus, handmade_run, holds, scripted, shown, stored_run, until

from lwd_tui.backends.scripted import ScriptedGenerator
from lwd_tui.experiment.backend import BackendStopped
from lwd_tui.palette import MARKERS
from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.help import Help
from lwd_tui.tui.pages.live.feed import Feed
from lwd_tui.tui.pages.live.page import LivePage
from lwd_tui.tui.pages.live.pictures import course_of
from lwd_tui.tui.pages.live.scatter import Scatter
from lwd_tui.tui.parts.ask_text import AskText
from lwd_tui.tui.parts.editor import Editor
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.parts.question import Question

PACE = 1500  # tokens a second


def crop(app, widget):
    """Return what is on the screen inside a widget, as text."""
    area, lines = widget.content_region, shown(app).split("\n")
    return "\n".join(line[area.x : area.right] for line in lines[area.y : area.bottom])


@pytest.fixture
def kept(tmp_path):
    return handmade_run(tmp_path / "kept.sqlite")


async def test_a_teacher_pauses_looks_back_and_posts_by_hand(tmp_path):
    experiment = scripted(scripted__tokens_per_second=PACE, steps=60)
    app = Explorer(experiment=experiment, path=tmp_path / "lecture.sqlite")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.done >= 3)
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "paused")
        done = app.progress.done
        await until(pilot, lambda: app.view.t == done - 1)
        await pilot.press("comma", "comma")
        await until(pilot, lambda: app.view.t == done - 3)
        assert f"answers at t = {done - 3}" in shown(app)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, AskText))
        await pilot.press(*"Miners strike", "tab", "enter")
        await until(pilot, lambda: not isinstance(app.screen, AskText))
        await pilot.press("s")
        await until(pilot, lambda: app.progress.done == done + 1)
        await pilot.press("end")
        await until(pilot, lambda: app.view.t == done)
        assert "by hand: Miners strike" in shown(app)
        assert f"|A({done})| = {6 + 3 * done + 1}" in shown(app)
    with RunStore.open(tmp_path / "lecture.sqlite") as store:
        (post,) = [post for post in store.posts() if post.origin == "injected"]
        assert (post.text, post.step) == ("Miners strike", done)


async def test_a_blank_post_is_not_posted():
    app = Explorer(experiment=scripted(scripted__tokens_per_second=200, steps=60))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.controller is not None)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, AskText))
        await pilot.press("tab", "enter")
        assert "can't be blank" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, AskText))


@pytest.mark.parametrize("steps", [6, 7])
async def test_where_nothing_reads_posts_that_is_said_before_one_is_written(tmp_path, steps):
    app = Explorer(run=handmade_run(tmp_path / "kept.sqlite", stop_after=steps))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == steps - 1)
        assert (app.progress.phase == "done") == (steps == 7)
        await pilot.press("p")
        await until(pilot, lambda: "go on with the run first" in shown(app))
        assert not isinstance(app.screen, AskText)


async def test_a_post_that_is_no_text_is_asked_for_again(monkeypatch):
    app = Explorer(experiment=scripted(scripted__tokens_per_second=200, steps=60))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.controller is not None)
        whole = app.controller.inject
        monkeypatch.setattr(app.controller, "inject", lambda text: whole(text + "\udce9"))
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, AskText))
        first = app.screen
        await pilot.press(*"rain", "tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, AskText) and app.screen is not first)
        assert "a post by hand" in shown(app)


async def test_a_post_that_comes_after_the_end_is_asked_for_again_as_it_was_written():
    app = Explorer(experiment=scripted(scripted__tokens_per_second=200, steps=60))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.controller is not None)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, AskText))
        first = app.screen
        await pilot.press(*"rain")
        await app.controller.stop()
        await until(pilot, lambda: not app.progress.busy)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, AskText) and app.screen is not first)
        await until(pilot, lambda: "! nothing runs that could read a post" in shown(app))
        assert app.screen.query_one(Editor).text == "rain"
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, AskText))


async def test_a_server_that_is_lost_leads_to_a_question(monkeypatch):
    generate = ScriptedGenerator.generate
    app = Explorer(experiment=scripted(scripted__tokens_per_second=PACE))

    async def lost(self, request, preview=None):
        async with contextlib.aclosing(generate(self, request, preview)) as answers:
            async for answer in answers:
                if app.progress.done >= 2:
                    raise BackendStopped("gpu-box:11434 does not answer any more")
                yield answer

    monkeypatch.setattr(ScriptedGenerator, "generate", lost)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "gpu-box:11434 does not answer any more" in shown(app)
        await until(pilot, lambda: "stopped by an error" in shown(app))
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, Question))
        # The sentence stays, and so do the steps that were made.
        assert "! gpu-box:11434 does not answer any more" in shown(app)
        done = app.progress.done
        assert done >= 2
        await pilot.press("space")
        await until(pilot, lambda: isinstance(app.screen, Question))
        monkeypatch.setattr(ScriptedGenerator, "generate", generate)
        await pilot.press("y")
        await until(pilot, lambda: app.progress.phase == "done")
        assert app.progress.done == 7
        assert not app.notice


async def test_a_post_that_waits_for_the_next_step_is_said_to():
    app = Explorer(experiment=scripted(scripted__tokens_per_second=25, steps=3))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 0 and app.progress.phase == "asking")
        app.controller.inject("Miners strike")
        await until(pilot, lambda: "1 by hand waits" in shown(app))
        assert app.view.t == 0


async def test_what_goes_on_is_seen_behind_the_help(kept):
    app = Explorer(experiment=scripted(scripted__tokens_per_second=PACE, steps=500))
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, lambda: app.progress.done >= 1)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        t = app.progress.t
        await holds(lambda: app.progress.t > t + 2)
        await until(pilot, lambda: f"t {app.progress.t} / 500" in shown(app))


async def test_playing_back_ends_with_the_newest_step(kept, monkeypatch):
    monkeypatch.setattr("lwd_tui.tui.travelling.FRAME", 0.02)
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        seen = []
        app.watch(app, "view", lambda view: seen.append((view.t, view.playing)))
        await pilot.press("a")
        await until(pilot, lambda: app.view.following)
        assert [t for t, playing in seen if playing] == [0, 1, 2, 3, 4, 5]


async def test_playing_back_is_stopped_where_it_is(kept, monkeypatch):
    monkeypatch.setattr("lwd_tui.tui.travelling.FRAME", 0.5)
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.press("a")
        await until(pilot, lambda: app.view.playing)
        assert "playing back" in shown(app)
        await pilot.press("a")
        t = app.view.t
        await pilot.pause(0.7)
        assert app.view.t == t
        assert not app.view.playing


async def test_scrubbing_by_the_mouse(kept):
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.click("Scrubber", offset=(3, 0))
        await until(pilot, lambda: app.view.t == 0)


async def test_one_plane_for_all_steps_is_a_switch(kept):
    app = Explorer(run=kept)
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        title = app.screen.query_one(Scatter)._heads
        assert "classical MDS" in title["border_title"].plain
        await pilot.press("b")
        await until(pilot, lambda: "one plane for t = 0 … 5" in title["border_title"].plain)
        await pilot.press("f")
        await until(pilot, lambda: "axes fitted" in title["border_subtitle"].plain)
        await pilot.press("b", "f")
        await until(pilot, lambda: "classical MDS" in title["border_title"].plain)


async def test_one_panel_alone_and_all_again(kept):
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.press("o")
        await until(pilot, lambda: sum(p.display for p in app.screen.query("Panel")) == 1)
        seen = []
        for _ in LivePage.PANELS:
            seen += [panel.id for panel in app.screen.query("Panel") if panel.display]
            await pilot.press("tab")
        assert seen == [name for name, _ in LivePage.PANELS]
        await pilot.press("o")
        await until(pilot, lambda: sum(p.display for p in app.screen.query("Panel")) == 5)


async def test_the_panels_are_walked_and_the_feed_is_read_by_keys(kept):
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await pilot.press(*["tab"] * 4)
        assert isinstance(app.focused, Feed)
        await pilot.press("j", "j")
        assert app.focused.chosen.id == len(app.controller.posts) - 3
        await pilot.press("shift+tab")
        assert not isinstance(app.focused, Feed)


async def test_another_run_takes_the_place_of_the_one_that_is_open(kept, tmp_path):
    app = Explorer(run=kept)
    other = handmade_run(tmp_path / "other.sqlite", stop_after=2, name="another")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        first = app.controller
        app.open(other)
        await until(pilot, lambda: app.view.t == 1)
        assert app.controller is not first
        assert "another" in shown(app)
        assert "numbers" not in app.notice


async def test_a_run_without_a_whole_step_shows_nothing_of_the_one_before(kept, tmp_path):
    other = handmade_run(tmp_path / "other.sqlite", stop_after=0)
    app = Explorer(run=kept)
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        plot = app.screen.query_one(Scatter).query_one(Plot)
        await focus(pilot, plot)
        await pilot.press("z")
        await until(pilot, lambda: plot.zoomed and not plot.waits)
        assert any(sign in crop(app, plot) for sign in MARKERS)
        app.open(other)
        await until(pilot, lambda: app.controller is not None and app.controller.path == other)
        await until(pilot, lambda: "t = 5" not in shown(app) and not plot.waits)
        assert not plot.zoomed
        assert not any(sign in crop(app, plot) for sign in MARKERS)
        for panel in ("#distances", "#numbers"):
            assert not any(map(str.isdigit, crop(app, app.screen.query_one(panel))))


async def test_what_is_read_of_a_run_is_not_shown_of_the_next(kept, tmp_path, monkeypatch):
    waits = threading.Event()

    def held_up(path, *asked, **how):
        if path == kept:
            waits.wait(10)
        return course_of(path, *asked, **how)

    monkeypatch.setattr("lwd_tui.tui.pages.live.page.course_of", held_up)
    other = await stored_run(tmp_path / "other.sqlite", stop_after=0)
    app = Explorer(run=kept)
    app.memory.basis = "common"
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await until(pilot, lambda: "answers at t = 5" in shown(app))
        app.open(other)
        await until(pilot, lambda: app.controller is not None and app.controller.path == other)
        waits.set()
        await pilot.pause(0.2)
        await pilot.press("s")
        await until(pilot, lambda: app.view.t == 0)
        await until(pilot, lambda: "one plane for t = 0 … 0" in shown(app))


async def test_a_run_under_way_is_not_replaced_unasked(kept):
    app = Explorer(experiment=scripted(scripted__tokens_per_second=200, steps=60))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.phase == "asking")
        app.open(kept)
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, Question))
        assert app.progress.phase == "asking"
        app.open(kept)
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(pilot, lambda: app.view.t == 5)


async def test_a_file_that_is_no_run_is_told_in_place(tmp_path):
    path = tmp_path / "novel.sqlite"
    path.write_text("It was a dark and stormy night.")
    app = Explorer(run=path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "is not a run" in shown(app))


async def test_without_a_run_the_page_says_where_to_begin(tmp_path):
    app = Explorer(page="live")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 sets one up, 6 opens a stored one" in shown(app))
        assert "0.5" not in shown(app)
        app.start(scripted(steps=1), None, tmp_path / "run.sqlite")
        await until(pilot, lambda: app.progress.phase == "done")
        await until(pilot, lambda: "sets one up" not in shown(app) and "norm" in shown(app))
