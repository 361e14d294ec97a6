"""Each widget of the GMM page alone: what it shows of what it is given, and what it says."""

from dataclasses import replace

import numpy as np
import pytest
from support.tui import Host, focus, holds, shown, until

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.palette import marker
from lwd_tui.run.mixtures_walk import Walk
from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.pages.gmm.densities import Densities
from lwd_tui.tui.pages.gmm.mixtures import COMPILING
from lwd_tui.tui.pages.gmm.numbers import GmmNumbers
from lwd_tui.tui.pages.gmm.overlaid import (
    MOST_OTHERS,
    as_reference,
    mixture_curves,
    model_curves,
)
from lwd_tui.tui.pages.gmm.parameters import Parameters
from lwd_tui.tui.pages.gmm.time import GmmClock
from lwd_tui.tui.pages.gmm.weights import WeightRows, Weights, bar
from lwd_tui.tui.parts.curves import Curve, Curves, top_of
from lwd_tui.tui.parts.form import Prose
from lwd_tui.tui.parts.plot import Plot, extremes, stretches

SPEC = GmmSpec(name="small", steps=8, replicates=3)


def scene_at(t, place=0, spec=SPEC):
    walk = Walk(spec)
    while walk.reached < t:
        walk.go(t, 5)
    walk.reckon()
    return walk.look(t, place)


def numbers(norms):
    spread = np.ones(3)
    return [
        StepNumbers(t, 1, 9, 3, norm, norm / 2, 0.5, spread, 1.0, 0) for t, norm in enumerate(norms)
    ]


async def drawn(pilot):
    await holds(lambda: not any(plot.waits for plot in pilot.app.query(Plot)))
    await pilot.pause(0.05)


# Curves


async def test_curves_tell_their_values_at_t():
    curves = Curves()
    async with Host(curves).run_test(size=(60, 16)) as pilot:
        ramp = np.linspace(0, 2, 11)
        shown_curves = [
            Curve("up", ramp, "foreground", mark="●"),
            Curve("down", 2 - ramp[:6], "primary", dash=(6, 2)),
            Curve("", ramp / 2, "quiet"),
        ]
        curves.show(shown_curves, t=5, last=10, top=2.2)
        await drawn(pilot)
        assert "● up 1.000  ╌╌ down 1.000" in shown(pilot.app)
        curves.show(shown_curves, t=9, last=10, top=2.2)
        await drawn(pilot)
        # The second one ends before.
        assert "● up 1.800  ╌╌ down –" in shown(pilot.app)


async def test_the_last_value_is_the_last_one_that_is_seen():
    curves = Curves()
    async with Host(curves).run_test(size=(60, 16)) as pilot:
        ramp = Curve("ramp", np.linspace(0, 2, 11), "norm", "strong", name="ramp")
        curves.show([ramp], t=0, last=5, top=2.2)
        await drawn(pilot)
        assert shown(pilot.app).count("1.000") == 1
        assert "2.000" not in shown(pilot.app)


async def test_a_legend_is_broken_between_its_entries():
    curves = Curves()
    async with Host(curves).run_test(size=(30, 16)) as pilot:
        flat = np.ones(3)
        names = ["first one", "second one", "third one"]
        curves.show([Curve(name, flat, "quiet") for name in names], t=0, last=2, top=1.1)
        await drawn(pilot)
        lines = shown(pilot.app).split("\n")
        for name in names[:2]:
            assert any(f"── {name} 1.000" in line for line in lines)


async def test_a_legend_takes_no_more_lines_than_it_needs_in_a_new_width():
    curves = Curves()
    async with Host(curves).run_test(size=(20, 16)) as pilot:
        flat = np.ones(3)
        curves.show([Curve(name, flat, "quiet") for name in "abc"], t=0, last=2, top=1.1)
        for width, lines in ((70, 1), (20, 3), (30, 2)):
            await pilot.resize_terminal(width, 16)
            await until(pilot, lambda lines=lines: curves.query_one(".legend").size.height == lines)


async def test_without_curves_there_are_words():
    curves = Curves()
    async with Host(curves).run_test(size=(60, 16)) as pilot:
        curves.show_nothing("There is nothing here yet.")
        await pilot.pause()
        assert "There is nothing here yet." in shown(pilot.app)
        assert not curves.query_one(Plot).display
        curves.show([Curve("one", np.ones(2), "quiet")], t=0, last=1, top=1.1)
        await drawn(pilot)
        assert "nothing" not in shown(pilot.app)
        assert curves.query_one(Plot).display


async def test_curves_are_drawn_again_only_if_something_is_new():
    curves = Curves()
    async with Host(curves).run_test(size=(60, 16)) as pilot:
        flat = np.ones(5)
        curves.show([Curve("one", flat, "quiet")], t=0, last=4, top=1.1)
        await drawn(pilot)
        plot = curves.query_one(Plot)
        curves.show([Curve("one", flat.copy(), "quiet")], t=0, last=4, top=1.1)
        assert not plot.waits
        curves.show([Curve("one", flat, "quiet")], t=1, last=4, top=1.1)
        assert plot.waits
        await drawn(pilot)
        curves.show([Curve("one", flat * 0.9, "quiet")], t=1, last=4, top=1.1)
        assert plot.waits


def test_a_long_curve_keeps_its_outline():
    rng = np.random.default_rng(3)
    values = rng.normal(size=10_000)
    values[4321] = 40
    kept = extremes(values, 100)
    assert len(kept) <= 202
    assert kept[0] == 0
    assert kept[-1] == 9_999
    assert 4321 in kept
    assert (np.diff(kept) > 0).all()
    for start in range(0, 10_000, 100):
        stretch = values[start : start + 100]
        assert start + stretch.argmin() in kept


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ("", []),
        ("---", []),
        ("xxx", [[0, 1, 2]]),
        ("x-", [[0]]),
        ("-xx--x-x", [[1, 2], [5], [7]]),
    ],
)
def test_a_curve_is_broken_where_values_are_missing(values, found):
    there = np.array([value == "x" for value in values], dtype=bool)
    assert [stretch.tolist() for stretch in stretches(there)] == found


# What the curves are


def test_the_models_curves_and_their_start():
    curves = model_curves(numbers([2.0, 1.0]), relative=False)
    assert [list(curve.values) for curve in curves] == [[2, 1], [1, 0.5], [0.5, 0.5]]
    halved = model_curves(numbers([2.0, 1.0]), relative=True)
    assert [list(curve.values) for curve in halved] == [[1, 0.5], [0.5, 0.25], [0.25, 0.25]]


@pytest.mark.parametrize("start", [0.0, float("nan")])
def test_nothing_is_divided_by_a_start_that_is_missing(start):
    assert model_curves(numbers([start, 1.0]), relative=True) is None
    alike = GmmSpec(name="alike", steps=3, weights=((0.5, 0.5),) * 3)
    assert mixture_curves(scene_at(2, spec=alike), "one", relative=True) is None


def test_one_replicate_has_its_own_theory():
    scene = scene_at(8, place=1)
    norm, theory, floor = mixture_curves(scene, "one", relative=False)
    np.testing.assert_array_equal(norm.values, scene.norms[1])
    np.testing.assert_allclose(theory.values, scene.expected.norm[1])
    np.testing.assert_allclose(floor.values, scene.expected.floor[1])
    # At t = 0 nothing has been drawn: theory is the norm itself.
    assert theory.values[0] == pytest.approx(norm.values[0])


def test_the_others_are_drawn_without_a_place_in_the_legend():
    scene = scene_at(3, place=1)
    others = [curve for curve in mixture_curves(scene, "all", relative=False) if not curve.label]
    np.testing.assert_array_equal([curve.values for curve in others], scene.norms[[0, 2]])
    many = scene_at(1, spec=SPEC.replaced({"replicates": 40}))
    drawn_curves = mixture_curves(many, "all", relative=False)
    assert sum(not curve.label for curve in drawn_curves) == MOST_OTHERS


def test_a_band_is_that_of_all_replicates():
    scene = scene_at(5, spec=SPEC.replaced({"replicates": 11}))
    middle, low, high, theory, _ = mixture_curves(scene, "band", relative=False)
    ordered = np.sort(scene.norms, axis=0)
    # Of eleven, the second, the middle one and the last but one.
    np.testing.assert_allclose(low.values, ordered[1])
    np.testing.assert_allclose(middle.values, ordered[5])
    np.testing.assert_allclose(high.values, ordered[9])
    together = np.sqrt(np.square(scene.expected.norm).mean(axis=0))
    np.testing.assert_allclose(theory.values, together)


def test_divided_by_its_start_every_curve_begins_at_one():
    scene = scene_at(4)
    curves = mixture_curves(scene, "all", relative=True)
    assert [curve.values[0] for curve in curves if curve.label != "its floor"] == pytest.approx(
        [1] * 4
    )
    (reference,) = as_reference(model_curves(numbers([4.0, 1.0]), relative=True))
    assert (reference.label, list(reference.values)) == ("LLM", [1, 0.25])


def test_the_top_is_above_all_that_is_there():
    high = Curve("a", np.array([1.0, np.nan, 3.0]), "quiet")
    low = Curve("b", np.array([2.0]), "quiet")
    assert 3 < top_of([low, high]) < 3.5
    assert top_of([]) == top_of([Curve("c", np.zeros(0), "quiet")]) == 1.0


# Densities and weights


async def test_densities_say_whose_they_are():
    densities = Densities()
    async with Host(densities).run_test(size=(60, 18)) as pilot:
        densities.show(scene_at(2), 0)
        await drawn(pilot)
        text = shown(pilot.app)
        assert "densities at t = 2" in text
        assert "mixtures  ○ 1  □ 2  △ 3" in text
        for who in range(3):
            assert sum(line.count(marker(who)) for line in text.split("\n")) > 1


async def test_densities_in_the_plane_say_so():
    plane = GmmSpec(name="plane", steps=2, means=((-3, 0), (3, 1)))
    densities = Densities()
    async with Host(densities).run_test(size=(60, 18)) as pilot:
        densities.show(scene_at(0, spec=plane), 0)
        await drawn(pilot)
        assert "densities along the first axis at t = 0" in shown(pilot.app)


async def test_more_mixtures_than_markers_are_said_to_be_more():
    densities = Densities()
    async with Host(densities).run_test(size=(80, 18)) as pilot:
        densities.show(scene_at(0, spec=SPEC.replaced({"participants": 14})), 0)
        await drawn(pilot)
        assert "the first 10 of 14 mixtures" in shown(pilot.app)


@pytest.mark.parametrize(
    ("share", "drawn_bar"),
    [(0, "    "), (1, "████"), (0.5, "██  "), (0.28125, "█▏  "), (-0.1, "    "), (1.2, "████")],
)
def test_bars_are_drawn_to_an_eighth_of_a_cell(share, drawn_bar):
    assert bar(share, 4) == drawn_bar


async def test_each_weight_has_a_bar_and_a_number():
    weights, scene = Weights(), scene_at(2)
    async with Host(weights).run_test(size=(50, 12)) as pilot:
        weights.show(scene)
        await pilot.pause()
        text = shown(pilot.app)
        assert "weights at t = 2" in text
        for value in scene.weights[2].ravel():
            assert f"{value:.3f}" in text
        assert "μ -5" in text
        assert "μ 5" in text


async def test_many_components_have_a_line_each_and_a_scale():
    spec = GmmSpec(name="many", steps=2, means=tuple(range(11)))
    weights, scene = Weights(), scene_at(1, spec=spec)
    async with Host(weights).run_test(size=(50, 16)) as pilot:
        weights.show(scene)
        await pilot.pause()
        text = shown(pilot.app)
        full = max(scene.weights[0].max(), scene.weights[1].max())
        assert f"full bar {full:.2f}" in text
        lines = [line for line in text.split("\n") if "μ" in line]
        assert len(lines) == 11
        assert all(line.count(marker(2)) == 1 for line in lines)


async def test_mixtures_that_find_no_room_are_said_to_be_missing():
    spec = GmmSpec(name="crowd", steps=2, participants=30, means=tuple(range(11)))
    weights = Weights()
    async with Host(weights).run_test(size=(50, 16)) as pilot:
        weights.show(scene_at(0, spec=spec))
        await pilot.pause()
        assert "the first 5 of 30" in shown(pilot.app)


@pytest.mark.parametrize("size", [(50, 12), (50, 6)], ids=["bars under each other", "in columns"])
async def test_the_cursor_goes_from_component_to_component(size):
    weights, scene = Weights(), scene_at(1)
    async with Host(weights).run_test(size=size) as pilot:
        weights.show(scene)
        await focus(pilot, weights.query_one(WeightRows))
        await pilot.pause()
        assert weights.component == 0
        await pilot.press("down")
        assert weights.component == 1
        assert f"component 2: ○ {scene.weights[1, 0, 1]:.3f}" in shown(pilot.app)
        await pilot.press("down")
        assert weights.component == 1
        await pilot.press("k")
        assert weights.component == 0
        # Another shape of the terminal doesn't lose it.
        await pilot.press("j")
        await pilot.resize_terminal(50, 30)
        await pilot.pause()
        assert weights.component == 1


async def test_a_click_chooses_a_component():
    weights = Weights()
    async with Host(weights).run_test(size=(50, 12)) as pilot:
        weights.show(scene_at(1))
        await pilot.pause()
        line = next(y for y, text in enumerate(shown(pilot.app).split("\n")) if "μ 5" in text)
        await pilot.click(offset=(20, line + 1))
        assert weights.component == 1


# Numbers


async def test_the_numbers_of_a_step_and_of_the_whole_run():
    panel = GmmNumbers()
    async with Host(panel).run_test(size=(40, 30)) as pilot:
        scene = scene_at(5, place=2)
        panel.show(scene)
        await pilot.pause()
        text = " ".join(shown(pilot.app).split())
        assert "|A(t)|, points 45" in text
        assert "k, points read 22" in text
        assert f"norm of this run {scene.norms[2, 5]:.4f}" in text
        assert f"median of all {np.median(scene.norms[:, 5]):.4f}" in text
        assert f"theory {scene.expected.norm[2, 5]:.4f}" in text
        assert "of the whole run" not in text
        whole = scene_at(8, place=2)
        panel.show(whole)
        await pilot.pause()
        text = " ".join(shown(pilot.app).split())
        ended = int((whole.norms[:, -1] < 0.1).sum())
        assert f"ended below 0.1 {ended} of 3" in text
        assert f"set to eps {whole.summary.lifted[2]}" in text


async def test_a_mixture_alone_has_no_norm():
    panel = GmmNumbers()
    async with Host(panel).run_test(size=(40, 30)) as pilot:
        panel.show(scene_at(8, spec=GmmSpec(name="alone", steps=8, replicates=3, participants=1)))
        await pilot.pause()
        text = " ".join(shown(pilot.app).split())
    for wanted in ("norm of this run –", "median of all –", "theory –", "ended below 0.1 –"):
        assert wanted in text
    assert "nan" not in text


async def test_what_is_left_out_is_said():
    panel = GmmNumbers()
    async with Host(panel).run_test(size=(60, 20)) as pilot:
        panel.show(replace(scene_at(1), expected=None, left_out="theory would take too long"))
        await pilot.pause()
        assert "theory would take too long" in shown(pilot.app)


# Clock


async def test_the_clock_says_its_state_and_can_be_dragged():
    clock, moved, asked = GmmClock(), [], []

    def hear(message):
        # A message is heard again wherever it bubbles to.
        if isinstance(message, GmmClock.Moved) and message not in moved:
            moved.append(message)
        if isinstance(message, GmmClock.LockAsked) and message not in asked:
            asked.append(message)

    async with Host(clock).run_test(size=(100, 3), message_hook=hear) as pilot:
        clock.show(20, 40, 100, "own clock, held", locked=False)
        await pilot.pause()
        line = shown(pilot.app).split("\n")[0]
        assert "GMM t 20 / 100 · own clock, held" in line
        start, end = line.index("◂") + 2, line.index("▸") - 2
        assert line.index("●") == pytest.approx(start + 0.2 * (end - start), abs=1)
        await pilot.click(offset=(start, 0))
        await pilot.click(offset=(end, 0))
        await pilot.pause()
        assert [message.t for message in moved] == [0, 100]
        await pilot.click(offset=(line.index("GMM") + 3, 0))
        await pilot.pause()
        assert len(asked) == 1


@pytest.mark.parametrize("width", [1, 8, 30, 45])
async def test_a_narrow_clock_keeps_its_words(width):
    clock = GmmClock()
    async with Host(clock).run_test(size=(width, 3)) as pilot:
        clock.show(20, 40, 100, COMPILING, locked=True)
        await pilot.pause()
        assert shown(pilot.app).startswith(" GMM t 20"[: max(width - 2, 0)])


# Parameters


@pytest.fixture
def written():
    heard = []

    def hear(message):
        # A message is heard again wherever it bubbles to.
        asked = isinstance(message, (Parameters.Changed, Parameters.PresetAsked))
        if asked and message not in heard:
            heard.append(message)

    return heard, hear


async def replace_field(pilot, row, text):
    await focus(pilot, pilot.app.query_one(Prose))
    await pilot.press(*["down"] * row)
    await pilot.press("end", *["backspace"] * 12, *text)


async def test_what_is_written_is_tried_once_the_keys_pause(written):
    heard, hear = written
    panel = Parameters(SPEC)
    async with Host(panel).run_test(size=(60, 20), message_hook=hear) as pilot:
        await replace_field(pilot, 2, "11")
        await until(pilot, lambda: heard)
        (message,) = heard
        assert message.spec.components == 11
        assert message.spec.means[0] == (-50.0,)
        assert "changed" in shown(pilot.app)


async def test_a_wrong_value_is_marked_and_told_and_can_be_mended(written):
    heard, hear = written
    panel = Parameters(SPEC)
    async with Host(panel).run_test(size=(60, 20), message_hook=hear) as pilot:
        await replace_field(pilot, 4, "1.5")
        await until(pilot, lambda: "! beta = 1.5: must be at most 1" in shown(pilot.app))
        assert "! beta  " in shown(pilot.app)
        assert not heard
        await pilot.press(*["backspace"] * 3, *"0.25")
        await until(pilot, lambda: heard)
        assert heard[0].spec.beta == 0.25
        assert "!" not in shown(pilot.app)


async def test_arrows_go_from_field_to_field_where_the_form_scrolls(written):
    heard, hear = written
    async with Host(Parameters(SPEC)).run_test(size=(60, 7), message_hook=hear) as pilot:
        await replace_field(pilot, 8, "5")
        await until(pilot, lambda: heard)
        assert heard[0].spec.seed == 5
        # The field is scrolled into sight.
        assert "seed" in shown(pilot.app)


async def test_another_preset_is_asked_for(written):
    heard, hear = written
    async with Host(Parameters(SPEC)).run_test(size=(60, 20), message_hook=hear) as pilot:
        await focus(pilot, pilot.app.query_one(Prose))
        await pilot.press("enter")
        await until(pilot, lambda: heard)
        assert isinstance(heard[0], Parameters.PresetAsked)


async def test_a_hostile_name_is_shown_tamely():
    panel = Parameters(SPEC.replaced({"name": "\x1b]52;c;ZXZpbA==\x07[/]evil"}))
    async with Host(panel).run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert "[/]evil" in shown(pilot.app)
        assert "\x1b" not in shown(pilot.app)


# The thread
