"""The scatter: whose answers are where, how many, where they came from, and on what scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tui import NAMES, Host, focus, handmade_run, handmade_step, holds, shown

from lwd_tui.store.run import RunStore
from lwd_tui.tui.pages.live.pictures import TRAIL, Course, Picture, course_of
from lwd_tui.tui.pages.live.pictures import picture as picture_of
from lwd_tui.tui.pages.live.scatter import SPREAD, Scatter, ellipse, places, sign
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.state.grouping import Grouping

GROUPS = Grouping("participant", NAMES, (0, 1, 2))


async def drawn(pilot, scatter):
    plot = scatter.query_one(Plot)
    await holds(lambda: not plot.waits)
    await pilot.pause(0.05)


async def plotted(pilot, scatter, picture, grouping=GROUPS):
    """Return the lines of the plot, without the panel's frame, axis and legend."""
    scatter.show_cast([f"m{i}" for i in range(len(grouping.of))], grouping)
    scatter.show_picture(picture)
    await drawn(pilot, scatter)
    return shown(pilot.app).split("\n")[1:-3]


def picture(coordinates, owners, limits=((-1.1, 1.1), (-1.1, 1.1))):
    return Picture(np.array(coordinates, dtype=float), np.array(owners), limits, "answers")


async def test_a_square_is_as_wide_as_it_is_high():
    scatter = Scatter()
    async with Host(scatter).run_test(size=(100, 30)) as pilot:
        corners = picture([[-1, -1], [-1, 1], [1, 1], [1, -1]], [0, 0, 0, 0])
        rows = await plotted(pilot, scatter, corners)
        marks = [(x, y) for y, row in enumerate(rows) for x, c in enumerate(row) if c == "○"]
        (left, top), (right, bottom) = min(marks), max(marks)
        assert len(marks) == 4
        # A cell is twice as high as it is wide.
        assert abs((right - left) - 2 * (bottom - top)) <= 2


async def test_zooming_lasts_while_steps_come_in_and_is_taken_back():
    scatter = Scatter()
    async with Host(scatter).run_test(size=(60, 20)) as pilot:
        scatter.show_picture(picture([[0, 0], [1, 1]], [0, 1]))
        await drawn(pilot, scatter)
        plot = scatter.query_one(Plot)
        whole = plot._x_max - plot._x_min
        await focus(pilot, plot)
        await pilot.press("z")
        await drawn(pilot, scatter)
        assert plot._x_max - plot._x_min < whole
        scatter.show_picture(picture([[0, 0], [0.9, 0.9]], [0, 1]))
        await drawn(pilot, scatter)
        assert plot._x_max - plot._x_min < whole
        await pilot.press("0")
        await drawn(pilot, scatter)
        assert plot._x_max - plot._x_min == pytest.approx(whole)


async def test_a_plot_without_room_says_so():
    scatter = Scatter()
    async with Host(scatter).run_test(size=(60, 20)) as pilot:
        scatter.show_picture(picture([[0, 0]], [0]))
        await pilot.resize_terminal(14, 6)
        await pilot.pause()
        assert "too small" in shown(pilot.app)
        await pilot.resize_terminal(60, 20)
        await drawn(pilot, scatter)
        assert "○" in shown(pilot.app)


async def test_answers_in_one_place_are_counted():
    scatter = Scatter()
    async with Host(scatter).run_test(size=(60, 20)) as pilot:
        points = [[0, 0]] * 3 + [[0.8, 0.8]] * 2 + [[-0.8, 0.5]]
        rows = await plotted(pilot, scatter, picture(points, [0, 1, 0, 2, 2, 2]))
        plot = "\n".join(row[8:] for row in rows)
        # Three of two participants, two of one, and one alone.
        assert [plot.count(words) for words in ("3", "△2", "△")] == [1, 1, 2]
        assert "○" not in plot
        assert "□" not in plot


@pytest.mark.parametrize(("participants", "outlined"), [(2, True), (10, True), (11, False)])
async def test_a_crowd_is_not_drawn_over(participants, outlined):
    rng = np.random.default_rng(1)
    owners = np.repeat(np.arange(participants), 5)
    crowd = Grouping("model", ("a", "b"), tuple(i % 2 for i in range(participants)))
    scatter = Scatter()
    async with Host(scatter).run_test(size=(60, 20)) as pilot:
        places = picture(rng.uniform(-1, 1, (len(owners), 2)), owners)
        rows = await plotted(pilot, scatter, places, crowd)
        assert any("\u2800" < sign <= "\u28ff" for row in rows for sign in row) == outlined


def test_a_count_stands_for_the_cells_that_it_covers():
    crowd = [0] * 12
    # "○12" covers three cells: the next two are counted with it, the third one isn't.
    found = list(places({(5, 1): crowd, (6, 1): [0], (8, 1): [1], (5, 2): [1, 0]}))
    assert found == [(5, 1, [0] * 13), (8, 1, [1]), (5, 2, [1, 0])]
    assert [sign(owners) for *_, owners in found] == ["○13", "□", "*2"]


CELLS = st.dictionaries(
    st.tuples(st.integers(0, 12), st.integers(0, 3)),
    st.lists(st.integers(0, 2), min_size=1, max_size=30),
    max_size=30,
)


@given(CELLS)
def test_every_answer_is_counted_once_and_no_count_covers_another(cells):
    found = list(places(cells))
    assert sum(len(owners) for *_, owners in found) == sum(map(len, cells.values()))
    taken = [(x + i, y) for x, y, owners in found for i in range(len(sign(owners)))]
    assert len(taken) == len(set(taken))
    # Two counts side by side would be read as one.
    assert not any(sign(owners)[0].isdigit() for *_, owners in found)


@pytest.mark.parametrize("count", [2, 4, 50])
def test_an_ellipse_is_as_far_from_the_mean_as_it_says(count):
    rng = np.random.default_rng(count)
    points = rng.normal(size=(count, 2)) @ [[2.0, 0.7], [0.0, 0.5]] + [3, -1]
    outline, covariance = ellipse(points) - points.mean(axis=0), np.cov(points.T)
    # Mahalanobis' distance; two points lie on a line, where it is that along the line.
    squares = np.einsum("ki,ij,kj->k", outline, np.linalg.pinv(covariance), outline)
    assert np.sqrt(squares).max() == pytest.approx(SPREAD)
    if count > 2:
        assert np.sqrt(squares).min() == pytest.approx(SPREAD)


@given(st.integers(0, 1000))
def test_none_of_four_answers_is_outside_their_ellipse(seed):
    points = np.random.default_rng(seed).standard_cauchy(size=(4, 2))
    away = points - points.mean(axis=0)
    squares = np.einsum("ki,ij,kj->k", away, np.linalg.pinv(np.cov(points.T)), away)
    assert np.sqrt(squares).max() <= SPREAD * (1 + 1e-6)


def test_one_answer_has_no_ellipse():
    assert not len(ellipse(np.ones((1, 2))))
    assert np.isfinite(ellipse(np.ones((3, 2)))).all()


@pytest.mark.parametrize("common", [False, True])
def test_all_steps_have_one_scale_that_holds_every_answer(tmp_path, common):
    course = course_of(handmade_run(tmp_path / "run.sqlite"), common=common)
    steps = [handmade_step(t) for t in range(6)]
    pictures = [picture_of(step, course, held=True) for step in steps]
    assert len({each.limits for each in pictures}) == 1
    (left, right), (low, high) = pictures[0].limits
    points = np.concatenate([each.coordinates for each in pictures])
    assert (points > [left, low]).all()
    assert (points < [right, high]).all()
    fitted = [picture_of(step, course, held=False).limits for step in (steps[0], steps[5])]
    assert np.ptp(fitted[1][0]) < np.ptp(fitted[0][0])


def test_a_trail_goes_from_mean_to_mean(tmp_path):
    course = course_of(handmade_run(tmp_path / "run.sqlite"), common=False)
    shown_now = picture_of(handmade_step(4), course, held=True)
    for who in range(3):
        means = [handmade_step(t).geometry.coordinates[4 * who : 4 * who + 4] for t in range(5)]
        np.testing.assert_allclose(shown_now.trails[who], np.mean(means, axis=1))


def test_a_trail_is_short_and_has_gaps_where_nothing_was_answered():
    course = Course()
    for t in range(40):
        owners = np.array([0, 1] if t != 35 else [0])
        course.take([(t, np.full((len(owners), 2), float(t)), owners)])
    assert course.trail(0, 39)[:, 0].tolist() == list(range(39 - TRAIL, 40))
    assert course.trail(1, 39)[:, 0].tolist() == [t for t in range(39 - TRAIL, 40) if t != 35]
    assert course.trail(0, 3)[:, 0].tolist() == [0, 1, 2, 3]


def test_the_store_tells_all_scatters_at_once(tmp_path):
    path = handmade_run(tmp_path / "run.sqlite", stop_after=4)
    with RunStore.open(path) as store:
        found = list(store.scatters())
        assert [t for t, *_ in found] == [0, 1, 2, 3]
        for t, coordinates, owners in found:
            np.testing.assert_array_equal(coordinates, store.step(t).geometry.coordinates)
            np.testing.assert_array_equal(owners, store.step(t).geometry.owners)
