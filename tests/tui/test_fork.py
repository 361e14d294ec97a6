"""Forking in the explorer: asked for on Live and Inspect, overlaid on Runs."""

import threading

import pytest
from support.tui import scripted, shown, stored_run, until

from lwd_tui.run import session
from lwd_tui.run.fork import fork_run
from lwd_tui.store.errors import run_name
from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.inspect.answer import Answer
from lwd_tui.tui.pages.runs.overlay import Overlay
from lwd_tui.tui.pages.runs.page import RunsPage
from lwd_tui.tui.parts import fork
from lwd_tui.tui.parts.fork import AskFork
from lwd_tui.tui.parts.question import Question


@pytest.fixture
def folder(still):
    (still / "runs").mkdir(parents=True)
    return still / "runs"


async def written(pilot, text):
    for key in text:
        await pilot.press({"=": "equals_sign", ".": "full_stop", ";": "semicolon"}.get(key, key))


async def gone_on(path):
    async with await session.Session.resume(path, lambda _: None) as resumed:
        async for _ in resumed.run():
            pass
    return path


async def test_a_run_is_forked_at_the_viewed_step_and_goes_on(folder):
    parent = await stored_run(folder / "parent.sqlite", scripted(steps=6))
    app = Explorer(run=parent)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 6)
        await pilot.press("comma", "comma")
        await until(pilot, lambda: app.view.t == 4)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, AskFork))
        assert "fork parent" in shown(app)
        await written(pilot, "query=x")
        await pilot.press("enter")
        await until(pilot, lambda: "query: can't be changed by a fork at t = 4" in shown(app))
        await pilot.press("ctrl+u")
        await written(pilot, "beta=1; responses=2")
        await pilot.press("tab", *"Hear", "tab", "enter")
        await until(pilot, lambda: app.controller and app.controller.path != parent)
        await until(pilot, lambda: "forked from parent at t = 4" in shown(app))
        assert app.view.t == 3
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "done")
        made = app.controller.path
    with RunStore.open(made) as store, RunStore.open(parent) as before:
        assert store.fork.changes == {"beta": 1.0, "responses": 2}
        assert [post.text for post in store.posts(4) if post.origin == "injected"] == ["Hear"]
        assert store.step(3).responses == before.step(3).responses
        assert store.step(4).k == len(store.posts(4))


async def test_a_run_under_way_is_stopped_to_be_forked_and_asked_about_once(folder, monkeypatch):
    asked, ask = [], Explorer.ask

    async def counted(app, sentence, **answers):
        asked.append(sentence)
        return await ask(app, sentence, **answers)

    monkeypatch.setattr(Explorer, "ask", counted)
    experiment = scripted(scripted__tokens_per_second=800, steps=900)
    app = Explorer(experiment=experiment, path=folder / "parent.sqlite")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t is not None and app.view.t >= 1)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, AskFork))
        await pilot.press("enter")
        await until(pilot, lambda: "is stopped to be forked" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: len(asked) > 1 or "forked from parent" in app.notice)
        assert len(asked) == 1
        assert app.controller.path != folder / "parent.sqlite"


async def test_a_parent_that_goes_on_after_it_was_forked_is_seen_as_it_grows(folder):
    parent = await stored_run(folder / "parent.sqlite", scripted(steps=6), stop_after=3)
    fork_run(parent, 2)
    app = Explorer(run=parent)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.step is not None)
        await app.controller.archive.ask(lambda store: store.finished())
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "done")
        assert await app.controller.archive.ask(lambda store: store.finished()) == 7


async def test_a_post_by_hand_comes_again_in_a_twin_and_is_seen(folder):
    parent = folder / "parent.sqlite"
    await stored_run(parent, scripted(steps=4), stop_after=3)
    app = Explorer(run=parent)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.step is not None)
        await pilot.press("s")
        await until(pilot, lambda: app.progress.phase == "paused")
        app.controller.inject("Word from outside.")
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "done")
        twin = fork_run(parent, 1)
        await app.open(twin, go_on=True).wait()
        await until(pilot, lambda: app.progress.phase == "done")
        assert [post.id for post in app.controller.posts] == list(range(len(app.controller.posts)))
        assert [post.text for post in app.controller.posts].count("Word from outside.") == 1


async def test_forks_are_laid_over_their_parent_from_where_they_left_it(folder):
    parent = await stored_run(folder / "parent.sqlite", scripted(steps=6))
    twin = fork_run(parent, 4)
    app = Explorer(run=twin)
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, lambda: app.view.t == 3)
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "done")
        await pilot.press("6")
        await until(pilot, lambda: isinstance(app.screen, RunsPage) and "2 stored" in shown(app))
        await pilot.press("m", "down", "m")
        await until(pilot, lambda: "fork less twin at t = 6: +0.000" in shown(app))
        assert "nothing" in shown(app)
        plotted = app.screen.query_one(Overlay)._plot._placed.values()
        assert sorted(each.begins for each in plotted) == [0, 3]
        await pilot.press("left")
        await until(pilot, lambda: "fork less twin at t = 6" in shown(app))
        await pilot.press("left", "left", "left", "left")
        await until(pilot, lambda: "taken anew from t = 4 on" in shown(app))


async def test_a_fork_that_is_not_opened_is_told_of_by_its_name(folder, monkeypatch):
    made, whole, may_go_on = [], fork.forked, threading.Event()

    def slowly(run, wish):
        made.append(whole(run, wish))
        may_go_on.wait(10)
        return made[0]

    monkeypatch.setattr(fork, "forked", slowly)
    slow = scripted(scripted__tokens_per_second=200, steps=60)
    app = Explorer(run=await stored_run(folder / "parent.sqlite", slow, stop_after=3))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 2)
        parent = app.controller
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, AskFork))
        await pilot.press("enter")
        await until(pilot, lambda: made)
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "asking")
        may_go_on.set()
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        await until(pilot, lambda: "page of runs" in shown(app))
        assert run_name(made[0]) in app.notice
        assert app.controller is parent


@pytest.mark.parametrize("hosts", [(), ("http://gpu-box:11434",)])
async def test_a_fork_goes_on_at_the_hosts_that_its_parent_was_opened_with(
    folder, monkeypatch, hosts
):
    asked, whole = [], session.assemble

    async def assembled(experiment, servers, *more):
        asked.append(tuple(servers))
        return await whole(experiment, servers, *more)

    parent = await stored_run(folder / "parent.sqlite", scripted(steps=2))
    with RunStore.open(parent, write=True) as store:
        store.update_record(hosts=["http://recorded:11434"])
    monkeypatch.setattr(session, "assemble", assembled)
    app = Explorer(run=parent, hosts=hosts)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 2)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, AskFork))
        await pilot.press("enter")
        await until(pilot, lambda: "space goes on from there" in shown(app))
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "done")
    assert asked == [hosts or ("http://recorded:11434",)]


async def test_where_a_fork_has_fewer_answers_the_first_is_shown(folder):
    parent = await stored_run(folder / "parent.sqlite", scripted(steps=4))
    app = Explorer(run=await gone_on(fork_run(parent, 2, {"responses": 2})))
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, lambda: app.view.t == 4)
        await app.action_show_page("inspect")
        answer = app.screen.query_one("#answer", Answer)
        await pilot.press("home")
        await until(pilot, lambda: "0 of ada · t = 0" in str(answer.border_title))
        await pilot.press("n", "n", "n")
        await until(pilot, lambda: "3 of ada · t = 0" in str(answer.border_title))
        await pilot.press("end")
        await until(pilot, lambda: "0 of ada · t = 4" in str(answer.border_title))
        await pilot.press("n")
        await until(pilot, lambda: "1 of ada · t = 4" in str(answer.border_title))
