"""A run that fails in the explorer: what is offered then, and to which run."""

import pytest
from support.tui import handmade_run, scripted, shown, until

from lwd_tui.errors import RunWorthless
from lwd_tui.experiment.backend import BackendStopped
from lwd_tui.run.session import Session
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.parts.question import Question


@pytest.mark.parametrize("key", ["y", "n", "enter"])
async def test_a_run_that_is_stopped_for_good_is_told_and_not_tried_again(tmp_path, key):
    app = Explorer(experiment=scripted(scripted__failures=1.0, steps=1), path=tmp_path / "a.sqlite")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Question))
        await until(pilot, lambda: "not one of the 24 answers could be used" in shown(app))
        assert "leave it stopped" in shown(app)
        assert "try again" not in shown(app)
        await pilot.press(key)
        await until(pilot, lambda: not isinstance(app.screen, Question))
        assert "begin anew" in app.notice
        assert app.progress.phase == "failed"
        assert not app.controller.busy


@pytest.mark.parametrize("error", [BackendStopped, RunWorthless])
async def test_what_could_not_begin_can_be_tried_again(tmp_path, monkeypatch, error):
    begin = Session.start

    async def refused(*_, **__):
        raise error("the server draws no tokens by chance; switch that on there, and begin anew")

    monkeypatch.setattr(Session, "start", refused)
    app = Explorer(experiment=scripted(steps=1), path=tmp_path / "a.sqlite")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "try again (y)" in shown(app))
        monkeypatch.setattr(Session, "start", begin)
        await pilot.press("y")
        await until(pilot, lambda: app.progress.phase == "done")


async def test_a_run_that_another_has_taken_the_place_of_is_not_tried_again(tmp_path, monkeypatch):
    begin, path = Session.start, tmp_path / "a.sqlite"

    async def refused(*_, **__):
        raise BackendStopped("nothing answers at gpu-box:11434")

    monkeypatch.setattr(Session, "start", refused)
    app = Explorer(experiment=scripted(steps=1), path=path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "try again (y)" in shown(app))
        monkeypatch.setattr(Session, "start", begin)
        await app.open(handmade_run(tmp_path / "b.sqlite")).wait()
        await pilot.press("y")
        await until(pilot, lambda: not isinstance(app.screen, Question))
        await pilot.pause(0.3)
        assert not path.exists()
        assert app.controller.path == tmp_path / "b.sqlite"
