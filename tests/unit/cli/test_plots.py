"""The plots of the command line: a strong norm, a thin twin, a ground, and their last values."""

import math

import numpy as np
import pytest
from rich.text import Text

from lwd_tui.cli.gmm_plots import norm_plot
from lwd_tui.cli.plots import THIN, Canvas, Line, curves, key, legend, norm_lines
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.network import simulate
from lwd_tui.palette import DEBIASED, NORM
from lwd_tui.run.mixtures import theory

NORMS = [2.0, 1.8, 1.5, 1.3, 1.2]
LINES = norm_lines(NORMS, [1.0, 0.9, 0.8, 0.7, 0.6], [0.4] * 5)


def canvas(text):
    """Return the lines of what is drawn inside the frame."""
    rows = [row.rstrip("│") for row in text.split("\n") if row.endswith("│")]
    return [row[max(row.find("┤"), row.find("│")) + 1 :] for row in rows]


@pytest.mark.parametrize("size", [(60, 14), (78, 24)])
def test_norm_twin_and_floor_are_told_apart_without_colour_or_legend(size):
    rows = canvas(curves(LINES, "‖D(t)‖F", Canvas(*size, True)))
    words = "\n".join(rows)
    end = min(row.index(" 1.200 norm") for row in rows if " 1.200 norm" in row)
    blocks = {x for row in rows for x, sign in enumerate(row) if sign in "▀▄▌▐▖▗▘▙▚▛▜▝▞▟█"}
    assert blocks >= set(range(1, end - 1))
    assert any("\u2800" < sign <= "\u28ff" for sign in words)
    # The floor is a ground from 0 up to 0.4 of 2.1.
    shaded = [sum(x == "░" for x in row) / end > 0.9 for row in rows]
    assert sum(shaded) == pytest.approx(len(rows) * 0.4 / 2.1, abs=1)
    assert shaded == sorted(shaded)
    for value in ("1.200 norm", "0.600 debiased", "0.400 noise floor"):
        assert words.count(value) == 1
    assert "\x1b" not in words


def test_last_values_stand_beside_their_ends_and_none_over_another():
    close = norm_lines([1.0, 1.0], [0.99, 0.99], [0.98, 0.98])
    rows = canvas(curves(close, "", Canvas(70, 16, True)))
    found = [row.split()[-1] for row in rows if row.split()]
    assert [word for word in found if word.isalpha()] == ["norm", "debiased", "floor"]


@pytest.mark.parametrize("height", [14, 17, 20])
def test_no_last_value_is_lost_wherever_the_lines_end(height):
    for end in np.linspace(0.21, 1.4, 45):
        lines = norm_lines([1.5, end], [1.5, end - 0.07], [0.5, end - 0.2])
        text = curves(lines, "a title takes a row", Canvas(79, height, True))
        for value in (end, end - 0.07, end - 0.2):
            assert f" {value:.3f} " in text, end


def test_colours_are_those_of_every_other_plot():
    text = curves(LINES, "", Canvas(60, 14, False))
    for shade in (NORM, DEBIASED):
        assert "38;2;{};{};{}m".format(*shade) in text


def test_what_is_missing_leaves_no_trace_and_nothing_is_no_plot():
    nothing = [math.nan] * 5
    text = curves(norm_lines(NORMS, nothing, nothing), "", Canvas(60, 14, True))
    assert "debiased" not in text
    assert "░" not in text
    assert curves(norm_lines(nothing, nothing, [math.inf]), "", Canvas(60, 14, True)) == ""


def test_a_title_that_is_too_long_is_cut_where_it_would_be_left_out():
    line = Line("norm", THIN, NORM, [2.0, 1.0])
    text = curves([line], "answers to all of the queries " * 4, Canvas(60, 12, True))
    assert "answers to all of the queries" in text
    assert "…" in text.split("\n")[0]


def test_names_of_runs_are_cleaned():
    text = curves([Line("evil\x1b]0;title\x07", THIN, NORM, NORMS)], "", Canvas(60, 14, True))
    assert "\x1b" not in text
    assert "\x07" not in text


def test_one_replicate_looks_like_a_norm_and_many_like_their_median():
    for replicates, word in ((1, "norm"), (12, "median")):
        run = simulate(GmmSpec(name="small", steps=20, replicates=replicates))
        expected = theory(run)
        text = norm_plot(run, expected, Canvas(70, 16, True))
        assert f"━━ {word}" in text
        assert f"{np.asarray(expected)[-1]:.3f} theory" in text


def test_a_legend_goes_on_over_lines_and_cuts_no_entry():
    keys = [key(shape, f"variant {shape * 2} with words", (9, 99, 200), False) for shape in "○□△◇✕"]
    text = Text.from_ansi(legend(keys, 60)).plain
    assert max(map(len, text.split("\n"))) <= 60
    assert text.count("\n") == 2
    for shape in "○□△◇✕":
        assert f"{shape} variant {shape * 2} with words" in text
