"""Control runs: the margin within reach, and which runs may tell it."""

from itertools import pairwise

import numpy as np
import pytest
from support.statistics_samples import clouds, handmade

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.upper_bound import norm_upper_bound
from lwd_tui.findings.control import check_control, least_margin


@pytest.fixture
def short(tmp_path):
    with handmade(tmp_path / "short.sqlite", [{"vectors": clouds([0, 1])}] * 2) as store:
        yield store


def equal(count):
    return [{"vectors": clouds([0, 0], 30, seed=t)} for t in range(count)]


def bounds(steps, together):
    """The bound of each step, where so many are to hold together."""
    owners, level = np.repeat([0, 1], 30), 0.95 ** (1 / together)
    vectors = [np.float32(step["vectors"]).reshape(60, -1) for step in steps]
    return [norm_upper_bound(Responses.of(each, owners, 2), level) for each in vectors]


def test_a_control_run_says_which_margin_is_within_reach(tmp_path):
    steps = equal(6)
    with handmade(tmp_path / "a.sqlite", steps) as store:
        margin = least_margin(store, store, window=2)
        each = bounds(steps, 6)
        # All five pairs of steps in a row are to pass, since five are too few to leave one out.
        assert margin == max(max(pair) for pair in pairwise(each))
        # Three steps in a row, unless told.
        assert least_margin(store, store) == max(
            max(three) for three in zip(*(each[k:] for k in range(3)), strict=False)
        )
        with pytest.raises(UnfitData, match="don't fit"):
            least_margin(store, store, window=7)


def test_the_level_is_that_of_the_run_however_long_the_control_is(tmp_path):
    steps = equal(4)
    with (
        handmade(tmp_path / "long.sqlite", equal(101)) as run,
        handmade(tmp_path / "control.sqlite", steps) as control,
    ):
        margin = least_margin(run, control, window=1)
    assert margin == max(bounds(steps, 101)) > 1.2 * max(bounds(steps, 4))


def test_a_control_run_without_bounds_says_why(short, tmp_path):
    with pytest.raises(UnfitData, match="no margin is within reach: with L = 4, the bounds of 2"):
        least_margin(short, short, 1)
    vectors = clouds([0, 0], 30)
    vectors[1, 3:] = np.nan
    steps = [*equal(3), {"vectors": vectors}]
    with (
        handmade(tmp_path / "a.sqlite", steps) as store,
        pytest.raises(UnfitData, match="control: a shows no margin: its answers at t = 3"),
    ):
        least_margin(store, store, 1)


def alike(name, **changes):
    return {"name": name, "backend": "scripted", "model": "same"} | changes


def twins(*unlike):
    changes = {"sampling": {"temperature": 0.1}, "system": "Be brief."}
    return [alike("a"), alike("b", **{field: changes[field] for field in unlike})]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({}, ""),
        (
            {"participants": twins("sampling")},
            "control: control isn't a run of equal participants: a and b differ in sampling",
        ),
        ({"participants": twins("system")}, "a and b differ in system"),
        ({"participants": [*twins(), alike("c")], "n": 3}, "control has n = 3 where the run has 2"),
        ({"responses": 5}, "L = 5 where the run has 4"),
        ({"embedder": {"backend": "scripted", "model": "words-8"}}, "embedder words-8"),
        (
            {"embedder": {"backend": "scripted", "model": "words-16", "prefix": "x: "}},
            "after 'x: '",
        ),
    ],
)
def test_a_control_run_must_be_of_equal_participants_and_fit(short, tmp_path, changes, complaint):
    given = {"participants": twins(), "n": 2, "responses": 4} | changes
    vectors = clouds([0] * given.pop("n"), given.pop("responses"))
    with handmade(tmp_path / "control.sqlite", [{"vectors": vectors}], **given) as control:
        if complaint:
            with pytest.raises(UnfitData, match=complaint):
                check_control(short, control)
        else:
            check_control(short, control)
