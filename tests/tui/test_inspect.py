"""Inspect: any answer, what was read before it, what became of a post, and two side by side."""

import asyncio
import sqlite3
import threading

import pytest
from support.snapshots import compare
from support.tui import NAMES, SENTENCES, Driven, handmade_run, scripted, shown, stored_run, until
from textual.widgets import Input

from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.inspect.answer import Answer
from lwd_tui.tui.pages.inspect.finder import Hits
from lwd_tui.tui.pages.inspect.followed import Followed
from lwd_tui.tui.pages.inspect.outline import Outline
from lwd_tui.tui.pages.inspect.page import InspectPage
from lwd_tui.tui.pages.inspect.reading import Reading
from lwd_tui.tui.pages.inspect.sheets import sheet_at
from lwd_tui.tui.paging import PageEntry
from lwd_tui.tui.state.controller import RunController
from lwd_tui.types import Post

SLOW = 400


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Open a run on the page; its pilot stands on the last step."""
    pages = (
        PageEntry("live", "Live", "live.page:LivePage"),
        PageEntry("inspect", "Inspect", "inspect.page:InspectPage"),
    )
    monkeypatch.setattr("lwd_tui.tui.app.PAGES", pages)

    def opened(size=(120, 40), run=None):
        return _Opened(Explorer(run=run or handmade_run(tmp_path / "kept.sqlite")), size)

    return opened


class _Opened(Driven):
    async def ready(self):
        await self.until(lambda: self.app.view.t is not None)
        await self.app.action_show_page("inspect")
        await self.until(lambda: self.title() != "answer")

    def one(self, kind):
        return self.app.screen.query_one(kind)

    def title(self, answer="#answer"):
        return str(self.app.screen.query_one(answer, Answer).border_title)

    async def at(self, title, answer="#answer"):
        await self.until(lambda: self.title(answer) == title)

    @property
    def text(self):
        return shown(self.app)


async def test_the_answer_is_shown_with_its_numbers_and_with_what_was_read(opened):
    async with opened() as page:
        assert page.title() == "answer 0 of ada · t = 5"
        assert "read by ada at t = 5 · 10 of 21" in page.text
        assert "12 new, 90 read" in page.text
        assert "as post 21; f follows it" in page.text
        assert "from the means at t = 5" in page.text


async def test_the_distances_are_those_from_the_means(opened, tmp_path):
    async with opened() as page:
        await page.press("n")
        await page.at("answer 1 of ada · t = 5")
        with RunStore.open(tmp_path / "kept.sqlite") as store:
            vectors = store.step(5).embeddings
        for participant in range(3):
            mean = vectors[4 * participant : 4 * participant + 4].mean(axis=0)
            assert f"{((vectors[1] - mean) ** 2).sum() ** 0.5:.3f}" in page.text


async def test_the_cursor_goes_through_the_tree_and_the_steps(opened):
    async with opened() as page:
        await page.press("j", "j")
        await page.at("answer 2 of ada · t = 5")
        await page.press("h")
        await page.at("answer 2 of ada · t = 4")
        assert page.app.view.t == 4
        await page.press("j")
        await page.at("answer 0 of ben · t = 4")
        await page.press("right", "j", "j")
        await page.at("answer 1 of ben · t = 4")
        assert "read by ben at t = 4" in page.text
        await page.press("home")
        await page.at("answer 1 of ben · t = 0")


async def test_a_step_is_opened_from_the_tree(opened):
    async with opened() as page:
        outline = page.one(Outline)
        # From the answer over its participant to the step, and to the one before.
        await page.press("k", "k", "k")
        assert outline.entry(outline.cursor).t == 4
        assert page.app.view.t == 5
        await page.press("enter")
        await page.at("answer 0 of ada · t = 4")
        assert page.app.view.t == 4


async def test_a_click_opens_a_step_and_shows_an_answer(opened):
    async with opened() as page:
        await page.pilot.click(Outline, offset=(5, 1))
        await page.at("answer 0 of ada · t = 1")
        await page.pilot.click(Outline, offset=(8, 5))
        await page.at("answer 2 of ada · t = 1")


async def test_a_post_is_followed_to_a_reader_and_back(opened):
    async with opened() as page:
        await page.press("home")
        await page.at("answer 0 of ada · t = 0")
        await page.press("f")
        # Each participant read posts 0 to k - 1: post 6 is read from t = 3 on, by all three.
        await page.until(lambda: "read 9 times" in page.text)
        assert "post 6, followed" in page.text
        assert page.app.focused.id == "readers"
        await page.press("j", "enter")
        await page.at("answer 0 of ben · t = 3")
        assert page.one(Reading).chosen.id == 6
        assert not page.one(Followed).display
        await page.press("b")
        await page.until(lambda: "read 9 times" in page.text)
        await page.at("answer 0 of ada · t = 0")
        await page.press("backspace")
        await page.until(lambda: page.one(Reading).display)
        await page.press("b")
        assert "nothing to go back to" in page.text


async def test_the_posts_of_a_stored_run_are_shown_once_they_are_read(opened, monkeypatch):
    read, may_be_read = RunController._read_posts, asyncio.Event()

    async def late(self):
        await may_be_read.wait()
        await read(self)

    monkeypatch.setattr(RunController, "_read_posts", late)
    async with opened() as page:
        assert not page.one(Reading)._posts.items
        await page.press("f")
        await page.until(lambda: "the posts are still being read" in page.app.notice)
        may_be_read.set()
        # As many as k, which the step says.
        await page.until(lambda: len(page.one(Reading)._posts.items) == page.app.view.step.k)
        await page.press("f")
        await page.until(lambda: page.one(Followed).display)


@pytest.mark.parametrize("key", ["n", "d"])
async def test_an_answer_that_comes_late_is_not_shown_of_another_run(
    opened, tmp_path, monkeypatch, key
):
    begun, may_go_on = threading.Event(), threading.Event()

    def slowly(*asked):
        begun.set()
        may_go_on.wait(10)
        return sheet_at(*asked)

    other = handmade_run(tmp_path / "other.sqlite", stop_after=0)
    async with opened() as page:
        monkeypatch.setattr("lwd_tui.tui.pages.inspect.page.sheet_at", slowly)
        await page.press(key)
        await page.until(begun.is_set)
        await page.app.open(other).wait()
        await page.until(lambda: page.title() == "answer")
        may_go_on.set()
        await page.pilot.pause(0.3)
        assert page.title() == "answer"
        assert page.app.screen._sheet is page.app.screen._pinned is page.app.screen._place is None


async def test_a_post_is_followed_to_its_nearest_descendant(opened):
    async with opened() as page:
        await page.press("home")
        await page.at("answer 0 of ada · t = 0")
        await page.press("f")
        await page.until(lambda: "read 9 times" in page.text)
        descendants = page.app.screen.query_one("#descendants")
        nearest = descendants.chosen.response
        assert nearest.t > 0
        await page.press("tab", "enter")
        await page.at(f"answer {nearest.index} of ada · t = {nearest.t}")


async def test_a_post_that_was_read_is_followed_from_the_list(opened):
    async with opened() as page:
        await page.press("tab", "j", "enter")
        await page.until(lambda: "post 1, followed" in page.text)
        # A person wrote it: there is no embedding to go by, and that is said.
        await page.until(lambda: "later answers, by words in common" in page.text)
        assert SENTENCES[1][:20] in page.text


async def test_an_answer_that_was_not_posted_has_no_readers(opened):
    async with opened() as page:
        await page.press("n", "f")
        await page.until(lambda: "was not posted" in page.text)


async def test_the_first_answer_stands_beside_the_last(opened):
    async with opened() as page:
        await page.press("comma", "n")
        await page.at("answer 1 of ada · t = 4")
        await page.press("d")
        await page.at("answer 1 of ada · t = 5")
        await page.at("answer 1 of ada · t = 0", "#pinned")
        first, last = (page.app.screen.query_one(each) for each in ("#pinned", "#answer"))
        assert first.region.right == last.region.x
        assert first.region.y == last.region.y
        assert "of the words in common" in page.text
        await page.press("d")
        await page.until(lambda: not first.display)
        await page.press("b")
        await page.at("answer 1 of ada · t = 4")


async def test_what_was_read_takes_the_place_of_the_list_beside_two_answers(opened):
    async with opened() as page:
        middle, finder = (page.app.screen.query_one(each) for each in ("#middle", "#finder"))
        await page.press("d")
        await page.until(lambda: not middle.display)
        assert finder.display
        await page.press("tab")
        await page.until(lambda: middle.display and not finder.display)
        assert "read by ada at t = 5" in page.text
        await page.press("slash")
        await page.until(lambda: finder.display and not middle.display)
        await page.press("escape", "escape")
        await page.until(lambda: middle.display and finder.display)


async def test_the_first_step_alone_is_compared_with_nothing(opened, tmp_path):
    run = handmade_run(tmp_path / "short.sqlite", stop_after=1)
    async with opened(run=run) as page:
        await page.press("d")
        await page.until(lambda: "nothing to compare it with" in page.text)
        assert not page.app.screen.query_one("#pinned").display


async def test_an_answer_is_pinned_and_let_go(opened):
    async with opened() as page:
        await page.press("m")
        await page.until(lambda: page.app.screen.query_one("#pinned").display)
        await page.press("n")
        await page.at("answer 1 of ada · t = 5")
        await page.at("answer 0 of ada · t = 5", "#pinned")
        await page.press("N", "m")
        await page.until(lambda: not page.app.screen.query_one("#pinned").display)


async def test_the_exact_prompt_unfolds(opened):
    async with opened() as page:
        assert "Read, and answer, at t = 5." not in page.text
        await page.press("e")
        await page.until(lambda: "Read, and answer, at t = 5." in page.text)
        await page.press("h")
        await page.until(lambda: "Read, and answer, at t = 4." in page.text)
        await page.press("e")
        await page.until(lambda: "Read, and answer" not in page.text)


async def test_words_are_searched_in_all_texts(opened):
    async with opened() as page:
        await page.press("slash", *"fragile")
        hits = page.one(Hits)
        await page.until(lambda: hits.display and hits.count)
        with RunStore.open(page.app.controller.path) as store:
            answers = store.search_responses("fragile")
        # The one post that a person wrote, and the answers; what was posted is an answer already.
        assert hits.count == len(answers) + 1
        await page.press("enter")
        assert page.app.focused is hits
        await page.press("j", "enter")
        first = answers[0]
        name = NAMES[first.participant]
        await page.at(f"answer {first.index} of {name} · t = {first.t}")
        await page.press("escape")
        await page.until(lambda: page.one(Outline).display)
        assert page.app.focused is page.one(Outline)


async def test_what_is_not_found_is_said(opened):
    async with opened() as page:
        await page.press("slash", *"zebra")
        await page.until(lambda: "nothing has these words" in page.text)
        await page.press("escape")
        await page.until(lambda: not page.one(Hits).display)


async def test_a_found_post_is_followed(opened):
    async with opened() as page:
        await page.press("slash", *"scarce networks")
        hits = page.one(Hits)
        await page.until(lambda: hits.display and hits.count)
        assert isinstance(hits.chosen, Post)
        await page.press("enter", "enter")
        await page.until(lambda: "post 1, followed" in page.text)


async def test_letters_go_into_the_search_and_nowhere_else(opened):
    async with opened() as page:
        await page.press("slash", *"mds")
        assert page.one(Input).value == "mds"
        assert not page.app.screen.query_one("#pinned").display


async def test_another_page_asks_to_look_at_something(opened):
    async with opened() as page:
        await page.app.action_show_page("live")
        await page.pilot.pause()
        post = page.app.controller.posts[7]
        await page.app.inspect(post)
        await page.until(lambda: "post 7, followed" in page.text)
        answer = (await page.app.controller.archive.step(2)).responses[9]
        await page.app.action_show_page("live")
        await page.pilot.pause()
        await page.app.inspect(answer)
        await page.at("answer 1 of cleo · t = 2")
        assert page.app.subject is None


async def test_panels_stand_alone_on_a_small_terminal(opened):
    async with opened(size=(80, 24)) as page:
        assert "read by ada" not in page.text
        await page.press("tab")
        await page.until(lambda: "read by ada at t = 5" in page.text)
        await page.press("tab")
        await page.until(lambda: "answer 0 of ada" in page.text)
        await page.press("tab", "j", "enter")
        await page.until(lambda: "answer 1 of ada · t = 5" in page.text)
        await page.press("f")
        await page.until(lambda: "was not posted" in page.text)
        await page.press("d")
        await page.until(lambda: page.title("#pinned") == "answer 1 of ada · t = 0")
        await page.pilot.resize_terminal(120, 40)
        await page.until(lambda: page.one(Outline).region.width > 0)
        await page.press("escape", "escape")
        await page.until(lambda: "read by ada at t = 5" in page.text)


async def test_attempts_and_failures_are_told(opened, tmp_path):
    experiment = scripted(scripted__failures=0.6, max_attempts=2, steps=2, responses=6)
    run = await stored_run(tmp_path / "failing.sqlite", experiment)
    with RunStore.open(run) as store:
        answers = store.step(2).responses
    failed = next(answer for answer in answers if answer.failed)
    again = next(answer for answer in answers if len(answer.attempts) == 2 and not answer.failed)
    async with opened(run=run) as page:
        for answer in (failed, again):
            await page.app.inspect(answer)
            name = NAMES[answer.participant]
            await page.at(f"answer {answer.index} of {name} · t = 2")
            assert "2, the last one stands" in page.text
            assert "attempt 1: only a preamble" in page.text
        assert f"{sum(answer.failed for answer in answers[:6])} failed" in page.text
        await page.app.inspect(failed)
        await page.until(lambda: "failed, and left out of every mean" in page.text)


async def test_a_running_run_is_followed_and_held_where_one_looks(tmp_path):
    app = Explorer(experiment=scripted(scripted__tokens_per_second=SLOW, steps=60))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.done >= 1)
        await app.action_show_page("inspect")
        await until(pilot, lambda: app.view.t >= 2)
        answer = app.screen.query_one("#answer", Answer)
        await until(pilot, lambda: f"t = {app.view.t}" in str(answer.border_title))
        await pilot.press("comma")
        await until(pilot, lambda: not app.view.following)
        held, count = app.view.t, app.screen.query_one(Outline).count
        await until(pilot, lambda: app.screen.query_one(Outline).count >= count + 2)
        assert str(answer.border_title) == f"answer 0 of ada · t = {held}"
        await pilot.press("end")
        await until(pilot, lambda: app.view.t > held)


async def test_without_a_run_it_says_what_to_do():
    app = Explorer(page="inspect")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, InspectPage))
        for key in ("j", "f", "b", "m", "d", "e", "n", "slash", "x"):
            await pilot.press(key)
        await pilot.press("escape")
        assert "no run is open" in shown(app)
        assert "Open a stored run" in shown(app)


async def test_a_damaged_step_is_a_sentence(opened, tmp_path):
    run = handmade_run(tmp_path / "hurt.sqlite")
    with sqlite3.connect(run) as connection:
        connection.execute("UPDATE prompts SET body = x'00'")
    connection.close()
    async with opened(run=run) as page:
        await page.press("e")
        await page.until(lambda: "is damaged" in page.text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("theme", ["lwd-dark", "lwd-light"])
async def test_what_it_looks_like(opened, size, theme, tmp_path):
    async with opened(size=size) as page:
        page.app.theme = theme
        await page.press("comma", "d")
        await page.at("answer 0 of ada · t = 0", "#pinned")
        name = f"inspect-{size[0]}x{size[1]}-{theme}"
        await compare(page.app, page.pilot, name, tmp_path)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_what_a_followed_post_looks_like(opened, size, tmp_path):
    async with opened(size=size) as page:
        await page.press("home", "f")
        await page.until(lambda: "read 9 times" in page.text)
        name = f"inspect-followed-{size[0]}x{size[1]}"
        await compare(page.app, page.pilot, name, tmp_path)


@pytest.mark.parametrize("tabs", [0, 1])
async def test_what_each_panel_looks_like_alone(opened, tabs, tmp_path):
    async with opened(size=(80, 24)) as page:
        await page.press("j", *["tab"] * tabs)
        await page.until(lambda: page.app.screen._sheet.response.index == 1)
        await compare(page.app, page.pilot, f"inspect-80x24-panel-{tabs}", tmp_path)


async def test_what_a_search_looks_like(opened, tmp_path):
    async with opened() as page:
        await page.press("slash", *"fragile sav", "enter")
        await page.until(lambda: page.one(Hits).display)
        await page.press("e")
        await page.until(lambda: "Read, and answer" in page.text)
        await compare(page.app, page.pilot, "inspect-search", tmp_path)


async def test_a_storm_of_sizes_is_weathered(opened):
    async with opened() as page:
        await page.press("d", "f")
        for number in range(30):
            await page.pilot.resize_terminal(20 + 37 * number % 190, 5 + 23 * number % 60)
            if number % 3 == 0:
                await page.press("tab", "h", "l", "b")
        await page.pilot.resize_terminal(120, 40)
        await page.until(lambda: "answer 0 of ada" in page.text)


async def test_without_colours_all_is_told_by_signs(opened, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened() as page:
        await page.press("d", "right")
        await page.at("answer 0 of ada · t = 0", "#pinned")
        segments = [s for line in page.app.screen._compositor.render_strips() for s in line]
        marked = "".join(s.text for s in segments if s.style and s.style.underline)
        assert "Patient miners" in marked
        assert all(sign in page.text for sign in "○□△")


async def test_every_key_of_the_page_is_a_command(opened):
    async with opened() as page:
        titles = [command.title for command in page.app.get_system_commands(page.app.screen)]
        for words in ("Search", "Follow post", "Back", "Pin", "First & last", "Prompt"):
            assert words in titles
