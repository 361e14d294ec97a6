"""The shell: a run is begun or opened, viewed at any t, held, stopped and gone on with."""

import asyncio

import pytest
from support.tui import handmade_run, scripted, shown, stored_run, until

from lwd_tui.experiment.participants import Wishes
from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.state.archive import Archive

SLOW = 400  # tokens a second: a step takes about a twentieth of a second


async def test_an_experiment_is_run_to_its_end():
    app = Explorer(experiment=scripted())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.phase == "done")
        assert app.progress.done == 7
        assert [numbers.t for numbers in app.controller.numbers] == list(range(7))
        await until(pilot, lambda: app.view.t == 6)
        assert "t 6 / 6" in shown(app)
        assert "done" in shown(app)


async def test_looking_back_does_not_hold_the_run():
    experiment = scripted(scripted__tokens_per_second=SLOW, steps=30)
    app = Explorer(experiment=experiment)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.done >= 2)
        await pilot.press("home")
        await until(pilot, lambda: app.view.t == 0)
        done = app.progress.done
        await until(pilot, lambda: app.progress.done >= done + 2)
        assert app.view.t == 0
        assert "viewing t 0, the run is at t" in shown(app)
        await pilot.press("end")
        await until(pilot, lambda: app.view.t >= done)
        assert "(live)" in shown(app)


async def test_pause_step_and_run():
    app = Explorer(experiment=scripted(scripted__tokens_per_second=SLOW, steps=40))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.done >= 1)
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "paused")
        done = app.progress.done
        await pilot.pause(0.3)
        assert app.progress.done == done
        await pilot.press("s")
        await until(pilot, lambda: app.progress.done == done + 1)
        await until(pilot, lambda: app.progress.phase == "paused")
        await pilot.press("space")
        await until(pilot, lambda: app.progress.done > done + 2)


async def test_a_stored_run_is_opened_and_gone_on_with(tmp_path):
    path = await stored_run(tmp_path / "run.sqlite", stop_after=3)
    app = Explorer(run=path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 2)
        assert "stopped, can go on" in shown(app)
        await pilot.press("comma")
        await until(pilot, lambda: app.view.t == 1)
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "done")
        assert app.progress.done == 7


async def test_a_run_goes_on_unasked_with_changed_models_where_that_was_allowed(tmp_path):
    path = await stored_run(tmp_path / "run.sqlite", stop_after=3)
    with RunStore.open(path, write=True) as store:
        models = [dict(model, digest="0" * 64) for model in store.record["models"]]
        store.update_record(models=models)
    app = Explorer(run=path, allow_changed=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 2)
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "done")


async def test_a_run_is_there_once_opening_it_is_done(tmp_path):
    path = await stored_run(tmp_path / "run.sqlite")
    app = Explorer(page="runs")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.screen.name == "runs")
        app.call_later(asyncio.sleep, 1)
        await app.open(path).wait()
        assert app.controller.path == path
        assert app.view.t == 6


@pytest.mark.parametrize("key", ["x"])
async def test_stopping_keeps_what_was_computed(key):
    app = Explorer(experiment=scripted(scripted__tokens_per_second=SLOW, steps=40))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.done >= 1)
        await pilot.press(key)
        await until(pilot, lambda: app.progress.phase == "stopped")
        done = app.progress.done
        await pilot.press("s")
        await until(pilot, lambda: app.progress.done == done + 1)


async def test_all_that_a_run_says_while_it_begins_is_seen():
    app = Explorer(experiment=scripted(embedder__backend="embedded"), wishes=Wishes("scripted"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.phase == "done")
        assert "participants: ada (ada), ben (ben), cleo (cleo)" in shown(app)
        assert "embedder: words-64 (scripted) instead of" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: "participants: ada" not in shown(app))


async def test_a_run_that_is_closed_late_takes_no_other_with_it(tmp_path, monkeypatch):
    close = Archive.aclose

    async def slow(archive):
        await asyncio.sleep(0.2)
        await close(archive)

    app = Explorer(run=handmade_run(tmp_path / "a.sqlite"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.step is not None)
        monkeypatch.setattr(Archive, "aclose", slow)
        opening = app.open(handmade_run(tmp_path / "b.sqlite"))
        await pilot.pause(0.1)
        # As Runs does with a run that it deletes.
        await app.close_run()
        await opening.wait()
        await pilot.pause(0.3)
        assert app.controller is not None
        assert app.controller is app._owned
        assert app.controller.path == tmp_path / "b.sqlite"


async def test_where_a_key_was_heading_in_a_run_that_is_closed_is_forgotten(tmp_path, monkeypatch):
    close = Archive.aclose

    async def slow(archive):
        await close(archive)
        await asyncio.sleep(0.3)

    app = Explorer(run=handmade_run(tmp_path / "a.sqlite"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        monkeypatch.setattr(Archive, "aclose", slow)
        opening = app.open(handmade_run(tmp_path / "b.sqlite"))
        await until(pilot, lambda: app.controller.archive._closed)
        app.action_scrub_to(2)
        await opening.wait()
        await until(pilot, lambda: app.view.t == 5)
        await pilot.press("comma")
        await pilot.pause(0.2)
        assert app.view.t == 4
