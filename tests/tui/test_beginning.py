"""The explorer begins where the user is: with the run that was open, or on Set up."""

import pytest
from support.tui import handmade_run, scripted, shown, until

from lwd_tui.experiment.backend import BackendStopped
from lwd_tui.experiment.draft import Draft
from lwd_tui.run.session import Session
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.parts.question import Question
from lwd_tui.tui.state.kept_draft import keep_draft
from lwd_tui.tui.state.memory import State


@pytest.fixture
def kept(tmp_path, monkeypatch):
    async def nothing(backend, hosts):
        return ()

    monkeypatch.setattr("lwd_tui.tui.pages.setup.models_panel.look", nothing)
    keep_draft(Draft(scripted()))
    return handmade_run(tmp_path / "kept.sqlite")


def begins_on(app, page):
    return lambda: app.screen.name == page and app.screen.query("#body *")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_new_user_begins_on_set_up_and_enter_begins_the_run(kept, size):
    app = Explorer()
    async with app.run_test(size=size) as pilot:
        await until(pilot, begins_on(app, "setup"))
        await until(pilot, lambda: app.focused is not None and app.focused.id == "begin")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.name == "live" and app.progress.phase == "done")


async def test_what_is_asked_of_a_run_that_could_not_begin_stands_over_live(kept, monkeypatch):
    async def refused(*_, **__):
        raise BackendStopped("the server at 127.0.0.1:11434 refuses connections")

    monkeypatch.setattr(Session, "start", refused)
    app = Explorer()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, begins_on(app, "setup"))
        await until(pilot, lambda: app.focused is not None and app.focused.id == "begin")
        # For the first time, so that it takes a while.
        assert "live" not in app._modes
        await pilot.press("b")
        await until(pilot, lambda: app.current_mode == "live")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        await pilot.press("1")
        await until(pilot, lambda: app.screen.name == "setup")


@pytest.mark.parametrize(
    ("left", "page"), [("live", "live"), ("statistics", "statistics"), ("runs", "live")]
)
async def test_the_run_that_was_open_is_open_again_on_its_page(kept, left, page):
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        await app.action_show_page(left)
    app = Explorer()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        assert app.screen.name == page
        assert app.controller.path == kept


@pytest.mark.parametrize("left", ["live", "inspect", "statistics", "runs"])
async def test_without_a_run_it_begins_on_set_up_wherever_it_was_left(kept, left):
    State(page=left).save()
    app = Explorer()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, begins_on(app, "setup"))


async def test_a_run_that_is_gone_is_not_missed(kept):
    State(page="live", run=str(kept)).save()
    kept.unlink()
    app = Explorer()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, begins_on(app, "setup"))
        assert str(kept) not in shown(app)


@pytest.mark.parametrize("named", [True, False])
async def test_a_run_that_cannot_be_read_is_complained_of_on_set_up(kept, named):
    kept.write_bytes(b"no run at all" * 1000)
    State(page="statistics", run=str(kept)).save()
    app = Explorer(run=kept) if named else Explorer()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, begins_on(app, "setup"))
        assert "kept" in app.notice
        await pilot.press("space")
        await until(pilot, lambda: "no run is open" in app.notice)
    assert not Explorer().memory.run


async def test_mixtures_that_were_open_are_open_again(kept, tmp_path):
    path = mixtures(tmp_path / "mixtures.sqlite")
    app = Explorer(run=path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, begins_on(app, "gmm"))
    app = Explorer()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, begins_on(app, "gmm"))
        await until(pilot, lambda: app.screen.spec.name == "small")


def mixtures(path):
    from lwd_tui.experiment.gmm import GmmSpec
    from lwd_tui.gmm.network import simulate
    from lwd_tui.run.mixtures import keep

    keep(simulate(GmmSpec(name="small", steps=3, replicates=1)), path)
    return path


@pytest.mark.parametrize("key", ["tab", "shift+tab"])
async def test_a_small_terminal_shows_a_panel_wherever_the_cursor_goes(kept, key):
    app = Explorer()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, begins_on(app, "setup"))
        await until(pilot, lambda: app.focused is not None)
        begin, seen = app.focused, []
        while not seen or app.focused is not begin:
            await pilot.press(key)
            assert any(panel.display for panel in app.screen.query(".panel"))
            assert app.focused not in seen
            seen.append(app.focused)
