"""The GMM page in the app: its clock and that of the LLM run, its parameters, its files."""

import sqlite3

import numpy as np
import pytest
from support.tui import focus, handmade_run, scripted, shown, until

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.network import simulate
from lwd_tui.run.mixtures import keep
from lwd_tui.store.folder import list_runs
from lwd_tui.store.gmm import read_gmm_run
from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.gmm.page import GmmPage
from lwd_tui.tui.pages.gmm.parameters import Parameters
from lwd_tui.tui.parts.curves import Curves
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.parts.preset import ChooseMixtures

SIZE = (120, 40)


async def opened(pilot):
    """Show the page, and wait for its first scene with all that theory says."""
    app = pilot.app
    await until(pilot, lambda: app.current_mode == "gmm")
    page = app.screen
    assert isinstance(page, GmmPage)
    await until(pilot, lambda: page.scene is not None and page.scene.expected is not None)
    return page


async def arrived(pilot, t):
    """Wait for a scene at t; on the first one of all, the simulation is compiled."""
    await until(pilot, lambda: pilot.app.screen.scene.t == t, 60)


def panel(page, name):
    return page.query_one(f"#{name}", Curves)


async def written(pilot, field, text):
    """Put a text into a field of the parameters."""
    form = pilot.app.screen.query_one(Parameters)._form
    form.reach(field)
    await pilot.pause()
    pilot.app.focused.value = text


# Without a run of language models


async def test_the_mixtures_need_no_run():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        assert "No run of language models is open." in shown(app)
        await until(pilot, lambda: "GMM t 0 / 200 · own clock, held" in shown(app), 60)
        await pilot.press("l")
        await until(pilot, lambda: "no LLM run is open" in shown(app))
        assert not page.locked


async def test_step_and_scrub():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        for keys, t in (
            (["s"], 1),
            (["full_stop", "full_stop"], 3),
            (["greater_than_sign"], 13),
            (["comma"], 12),
            (["less_than_sign"], 2),
            (["end"], 200),
            (["s"], 200),
            (["h"], 199),
            (["home"], 0),
            (["comma"], 0),
        ):
            await pilot.press(*keys)
            await arrived(pilot, t)
            assert f"GMM t {t} / 200" in shown(app)
            assert f"densities at t = {t}" in shown(app)
        # Looking back doesn't take away what was computed.
        assert page.scene.reached == 200
        run = simulate(page.spec)
        np.testing.assert_array_equal(page.scene.weights, run.weights[0])


async def test_run_and_hold():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        await pilot.press("space")
        await until(pilot, lambda: page.scene.t >= 10, 60)
        assert "own clock, running" in shown(app)
        await pilot.press("space")
        await pilot.pause(0.4)
        held = page.scene.t
        await pilot.pause(0.6)
        assert page.scene.t == held
        assert "own clock, held" in shown(app)
        await pilot.press("end", "comma", "space")
        await until(pilot, lambda: page.scene.t == 200 and not page._playing)
        assert "own clock, at its end" in shown(app)
        # From the end it runs from the start.
        await pilot.press("space")
        await until(pilot, lambda: 0 < page.scene.t < 100)


async def test_the_clock_is_held_while_another_page_is_seen():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        await pilot.press("space")
        await until(pilot, lambda: page.scene.t > 0)
        await app.action_show_page("live")
        await pilot.pause(0.3)
        t = page.scene.t
        await pilot.pause(0.6)
        assert page.scene.t == t


async def test_the_knob_can_be_clicked():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        line = next(y for y, text in enumerate(shown(app).split("\n")) if "GMM t" in text)
        await pilot.click(offset=(40, line))
        await until(pilot, lambda: page.scene.t > 40)
        await pilot.click(offset=(3, line))
        await arrived(pilot, 0)


async def test_replicates_one_all_and_a_band():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        await pilot.press("end")
        await arrived(pilot, 200)
        assert "replicate 0 of 0–4" in shown(app)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: page.scene.place == 1)
        assert "replicate 1 of 0–4" in shown(app)
        await pilot.press("left_square_bracket", "left_square_bracket")
        await until(pilot, lambda: page.scene.place == 4)
        await pilot.press("v")
        assert "replicate 4, 4 others dim" in shown(app)
        await pilot.press("v")
        assert "5 replicates, 10–90 %" in shown(app)
        assert f"median {np.median(page.scene.norms[:, -1]):.3f}" in shown(app)
        await pilot.press("v")
        assert "replicate 4 of 0–4" in shown(app)


# Beside a run of language models


@pytest.fixture
def kept(tmp_path):
    return handmade_run(tmp_path / "kept.sqlite")


async def test_both_norms_stand_on_one_time_axis(kept):
    app = Explorer(run=kept, page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        page = await opened(pilot)
        # The handmade run has T = 6, the mixtures T = 200.
        assert [panel(page, name)._plot._frame[1] for name in ("llm", "gmm")] == [200, 200]
        assert "LLM norm ‖D(t)‖F · unit vectors" in shown(app)
        assert "norm 0.900" in shown(app)
        assert "own scale" in shown(app)
        await pilot.press("u")
        text = shown(app)
        assert "divided by its start" in text
        # 0.9 of 2.4, and the mixtures at their start.
        assert text.count("norm 0.375") == 1
        assert "norm 1.000" in text
        tops = {panel(page, name)._plot._frame[2] for name in ("llm", "gmm")}
        assert len(tops) == 1


async def test_a_locked_clock_shows_the_viewed_step_of_the_run(kept):
    app = Explorer(run=kept, page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        page = await opened(pilot)
        await pilot.press("l")
        await arrived(pilot, 5)
        assert "GMM t 5 / 200 · locked to the LLM run" in shown(app)
        assert panel(page, "gmm")._plot._frame[1] == 6
        await pilot.press("comma")
        await arrived(pilot, 4)
        assert app.view.t == 4
        await pilot.press("home")
        await arrived(pilot, 0)
        await pilot.press("end")
        await arrived(pilot, 5)
        assert app.view.following
        line = next(y for y, text in enumerate(shown(app).split("\n")) if "GMM t" in text)
        await pilot.click(offset=(3, line))
        await until(pilot, lambda: "l sets it free" in app.notice)
        assert page.scene.t == 5
        await pilot.press("l", "s")
        await arrived(pilot, 6)
        assert app.view.t == 5


async def test_locked_mixtures_go_in_step_with_a_run_under_way():
    app = Explorer(experiment=scripted(scripted__tokens_per_second=300, steps=30), page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.progress.done >= 1)
        page = await opened(pilot)
        await pilot.press("l")
        before = app.view.t
        await until(pilot, lambda: app.view.t >= before + 3)
        await until(pilot, lambda: page.scene.t >= before + 3)
        # The keys of the clock are the run's own.
        await pilot.press("space")
        await until(pilot, lambda: app.progress.phase == "paused")
        await until(pilot, lambda: page.scene.t == app.view.t)
        done = app.progress.done
        await pilot.press("s")
        await until(pilot, lambda: app.progress.done == done + 1)
        await until(pilot, lambda: page.scene.t == app.view.t == done)


async def test_past_its_last_step_a_locked_clock_says_so(kept):
    app = Explorer(run=kept, page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        page = await opened(pilot)
        await written(pilot, "steps", "3")
        await until(pilot, lambda: page.spec.steps == 3)
        await pilot.press("escape", "l")
        await arrived(pilot, 3)
        assert "locked to the LLM run, past T at t 5" in shown(app)


async def test_a_run_that_is_closed_sets_the_clock_free(kept):
    app = Explorer(run=kept, page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        page = await opened(pilot)
        await pilot.press("l")
        await arrived(pilot, 5)
        await app.close_run()
        await until(pilot, lambda: not page.locked)
        assert "No run of language models is open." in shown(app)
        await pilot.press("s")
        await arrived(pilot, 6)


# Parameters


async def test_other_parameters_are_run_at_once_up_to_the_same_t():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        await pilot.press("end")
        await arrived(pilot, 200)
        await written(pilot, "alpha", "0.05")
        await until(pilot, lambda: page.spec.alpha == 0.05 and page.scene.spec is page.spec)
        await arrived(pilot, 200)
        run = simulate(page.spec)
        np.testing.assert_array_equal(page.scene.weights, run.weights[0])
        await written(pilot, "B", "4")
        await until(pilot, lambda: page.scene.spec.components == 4 and page.scene.t == 200)
        assert "μ -15" in shown(app)


async def test_a_wrong_value_leaves_the_picture_and_says_why():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        before = page.scene
        await written(pilot, "participants", "0")
        await until(pilot, lambda: "! participants = 0" in shown(app))
        assert "! n" in shown(app)
        assert page.scene is before


async def test_what_is_too_large_is_said_in_place_and_can_be_mended():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        await written(pilot, "replicates", "99999")
        await until(pilot, lambda: "GB of memory" in shown(app))
        await written(pilot, "replicates", "2")
        await until(pilot, lambda: page.scene.spec.replicates == 2)
        assert "memory" not in shown(app)


async def test_a_preset_a_file_and_one_like_the_run(kept, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a short path is told on one line
    app = Explorer(run=kept, page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        page = await opened(pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ChooseMixtures))
        assert "as the LLM run" in shown(app)
        await pilot.press("pagedown", "enter")
        await until(pilot, lambda: page.spec.name == "as the LLM run")
        assert (page.spec.participants, page.spec.responses, page.spec.steps) == (3, 4, 6)
        (tmp_path / "own.toml").write_text(GmmSpec(name="[/] my own", steps=9).to_toml())
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ChooseMixtures))
        path = app.screen.query_one(Line)
        path.value = "none.toml"
        await focus(pilot, path)
        await pilot.press("enter")
        await until(pilot, lambda: "there is no such file" in shown(app))
        path.value = "own.toml"
        await pilot.press("enter")
        await until(pilot, lambda: page.spec.steps == 9 and app.screen is page)
        assert "[/] my own" in shown(app)


# Files


async def test_a_stored_run_is_opened_beside_the_other(kept, tmp_path):
    path = tmp_path / "mixtures.sqlite"
    run = simulate(GmmSpec(name="stored", steps=9, replicates=2, seed=3))
    keep(run, path)
    app = Explorer(run=kept, page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        app.open(path)
        await until(pilot, lambda: app.current_mode == "gmm")
        page = app.screen
        await until(pilot, lambda: page.scene is not None and page.scene.spec.name == "stored", 30)
        await arrived(pilot, 9)
        np.testing.assert_array_equal(page.scene.weights, run.weights[0])
        assert "stored" in shown(app)
        # The run of language models is still there.
        assert app.controller is not None
        assert "norm 0.900" in shown(app)
        # It can be opened again after other mixtures were looked at.
        await written(pilot, "seed", "4")
        await until(pilot, lambda: page.scene.spec.seed == 4)
        app.open(path)
        await until(pilot, lambda: page.scene.spec.seed == 3)


async def test_the_app_opens_with_a_stored_run(tmp_path):
    path = tmp_path / "mixtures.sqlite"
    keep(simulate(GmmSpec(name="stored", steps=9, replicates=2)), path)
    app = Explorer(run=path)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.current_mode == "gmm")
        await until(pilot, lambda: app.screen.scene is not None)
        await arrived(pilot, 9)
        assert "GMM t 9 / 9" in shown(app)


async def test_a_damaged_run_of_mixtures_is_told(tmp_path):
    path = tmp_path / "mixtures.sqlite"
    keep(simulate(GmmSpec(name="stored", steps=9, replicates=2)), path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE replicates SET weights = x'00'")
    connection.close()
    app = Explorer(run=path)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "mixtures" in app.notice)
        assert "damaged" in app.notice


async def test_a_run_is_kept_whole():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        await written(pilot, "steps", "20")
        await until(pilot, lambda: page.spec.steps == 20)
        await pilot.press("escape", "w")
        await until(pilot, lambda: app.notice.startswith("kept as"))
        (listed,) = list_runs()
        assert app.notice == f"kept as {listed.name}"
        with RunStore.open(listed.path) as store:
            run = read_gmm_run(store)
        np.testing.assert_array_equal(run.weights, simulate(page.spec).weights)


async def test_what_there_is_no_memory_to_keep_is_told(monkeypatch):
    def too_much(spec):
        raise MemoryError

    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        monkeypatch.setattr("lwd_tui.gmm.network.simulate", too_much)
        await pilot.press("w")
        await until(pilot, lambda: "not enough memory" in app.notice)


# At every size


async def test_panels_are_tabs_on_a_small_terminal():
    app = Explorer(page="gmm")
    async with app.run_test(size=(80, 24)) as pilot:
        page = await opened(pilot)
        # Without a run the mixtures' norm is what there is to see.
        assert "GMM norm · replicate 0" in shown(app)
        seen = []
        for _ in page.PANELS:
            seen.append(next(name for name, _ in page.PANELS if page.query_one(f"#{name}").display))
            await pilot.press("tab")
        assert set(seen) >= {"gmm", "densities", "weights", "trace", "parameters", "numbers"}
        await pilot.press("e")
        assert "share of the points that is read" in shown(app)


async def test_nothing_is_drawn_while_nothing_changes(kept):
    app = Explorer(run=kept, page="gmm")
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: app.view.t == 5)
        page = await opened(pilot)
        await pilot.press("end")
        await arrived(pilot, 200)
        await pilot.pause(0.8)
        drawn = [plot._drawn for plot in page.query(Plot)]
        page.show_view(app.view)
        page.wish()
        await pilot.pause(0.8)
        assert [plot._drawn for plot in page.query(Plot)] == drawn


async def test_a_storm_of_sizes():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        await pilot.press("space")
        for size in [(20, 6), (200, 60), (79, 23), (120, 12), (1, 1), (160, 40), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.05)
        await until(pilot, lambda: page.scene.t > 0)
        assert "GMM t" in shown(app)


async def test_every_key_is_in_the_palette():
    app = Explorer(page="gmm")
    async with app.run_test(size=SIZE) as pilot:
        page = await opened(pilot)
        titles = {command.title for command in app.get_system_commands(page)}
        described = {binding.description.capitalize() for binding in page.BINDINGS}
        assert {words for words in described if words} <= titles | {"Leave the field"}
