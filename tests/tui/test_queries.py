"""A run of several queries in the explorer: all together, each, and how they are set up."""

import threading

import pytest
from support.tui import holds, scripted, shown, stored_run, until

from lwd_tui.store.reader import RunReader
from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.inspect.answer import Answer
from lwd_tui.tui.pages.setup.internet_panel import InternetPanel
from lwd_tui.tui.pages.setup.page import SetupPage
from lwd_tui.tui.parts.editor import Editor
from lwd_tui.tui.parts.key_bar import KeyBar

QUERIES = ["What will become of Bitcoin?", "Who bakes the bread?", "Is it \x1b[31mraining?"]


def numbers_of(path, query):
    with RunStore.open(path) as store:
        return [each.norm for each in store.look_at(query).numbers()]


@pytest.fixture
async def kept(tmp_path):
    return await stored_run(tmp_path / "kept.sqlite", scripted(query=QUERIES, steps=3))


async def test_q_goes_through_all_and_each_on_every_page(kept):
    app = Explorer(run=kept)
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, lambda: app.view.t == 3)
        await app.action_show_page("live")
        await until(pilot, lambda: "all 3 queries together" in shown(app))
        assert [each.norm for each in app.controller.numbers] == numbers_of(kept, 0)
        await pilot.press("comma")
        await until(pilot, lambda: app.view.t == 2)
        for query in (1, 2, 3, 0, 1, 2):
            await pilot.press("Q")
            await until(pilot, lambda query=query: app.controller.query == query)
            words = f"query {query} of 3" if query else "all 3 queries together"
            await until(pilot, lambda words=words: f"· {words}" in shown(app))
            norms = numbers_of(kept, query)
            await until(pilot, lambda norms=norms: app.view.step.geometry.norm == norms[2])
            assert [each.norm for each in app.controller.numbers] == norms
            assert app.view.t == 2
            assert "\x1b" not in app.notice
        await app.action_show_page("inspect")
        await until(
            pilot, lambda: "to query 2" in str(app.screen.query_one("#answer", Answer).border_title)
        )
        await pilot.press("e")
        await until(pilot, lambda: QUERIES[1] in shown(app))
        await app.action_show_page("statistics")
        await until(pilot, lambda: "query 2 of 3" in shown(app))
        findings = app.screen._findings
        await until(pilot, lambda: 2 in findings.steps)
        assert findings.steps[2].numbers.norm == numbers_of(kept, 2)[2]


async def test_q_pressed_again_while_a_query_is_read_goes_to_the_one_after_it(kept, monkeypatch):
    read, may_be_read = RunReader.numbers, threading.Event()

    def late(store):
        may_be_read.wait(10)
        return read(store)

    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 3)
        monkeypatch.setattr(RunReader, "numbers", late)
        app.action_next_query()
        await holds(lambda: app.controller.archive.query == 1)
        app.action_next_query()
        may_be_read.set()
        await until(pilot, lambda: app.controller.query == 2)
        assert [each.norm for each in app.controller.numbers] == numbers_of(kept, 2)


async def test_a_run_of_one_query_has_nothing_to_go_through(tmp_path):
    app = Explorer(run=await stored_run(tmp_path / "kept.sqlite", scripted(steps=1)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.view.t is not None)
        assert app.check_action("next_query", ()) is False
        before = app.view
        await pilot.press("Q")
        await pilot.pause()
        assert app.view is before
        assert app.controller.query == 0


@pytest.mark.parametrize("page", ["inspect", "statistics"])
async def test_the_key_bar_offers_q_for_a_run_of_several_queries_alone(page, kept, tmp_path):
    one = await stored_run(tmp_path / "one.sqlite", scripted(steps=1, responses=2))
    app = Explorer(run=one)
    async with app.run_test(size=(200, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 1)
        await app.action_show_page(page)
        await until(pilot, lambda: app.screen.name == page)
        bar = app.screen.query_one(KeyBar)

        def told():
            return "Q all queries" in bar.render().plain

        for run, offered in ((kept, True), (one, False)):
            app.open(run)
            await until(pilot, lambda run=run: app.controller and app.controller.path == run)
            await until(pilot, lambda offered=offered: told() == offered, 2)


async def test_a_run_is_followed_in_the_query_that_is_looked_at(tmp_path):
    app = Explorer(experiment=scripted(query=QUERIES, steps=4), path=tmp_path / "new.sqlite")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.controller is not None)
        await app.controller.look_at(2)
        await until(pilot, lambda: app.progress.phase == "done" and app.view.t == 4)
        assert [each.norm for each in app.controller.numbers] == numbers_of(app.controller.path, 2)


async def test_a_line_of_dashes_parts_the_queries_in_set_up():
    app = Explorer(experiment=None)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.action_show_page("setup")
        await until(pilot, lambda: isinstance(app.screen, SetupPage))
        page, panel = app.screen, app.screen.query_one(InternetPanel)
        editor = panel.query_one("#query", Editor)
        editor.load_text("One\n\nof two paragraphs?\n---\nTwo?")
        await until(
            pilot, lambda: page._draft.get("query") == ["One\n\nof two paragraphs?", "Two?"]
        )
        await until(pilot, lambda: "2 queries" in shown(app))
        assert page._draft.check().value.queries == ("One\n\nof two paragraphs?", "Two?")
        panel.show_draft()
        assert editor.text == "One\n\nof two paragraphs?\n---\nTwo?"
        editor.load_text("One?\n---\n")
        await until(pilot, lambda: page._wrong.startswith("query"))
        editor.load_text("One?")
        await until(pilot, lambda: page._draft.get("query") == "One?")
