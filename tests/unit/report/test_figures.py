"""The figures of both kinds of run, alone and in a page."""

import io
from dataclasses import replace
from xml.parsers import expat

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from support.pages import parsed
from support.store_samples import experiment, simple_step

from lwd_tui.analysis.weights import norms
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.findings.clusters import AnswerClusters
from lwd_tui.gmm.network import simulate
from lwd_tui.palette import COLOURS, MARKERS, contrast
from lwd_tui.report.cluster_figure import cluster_figure
from lwd_tui.report.draw import Drawing, inline, keys_over, mark, moments, picture
from lwd_tui.report.figures import MOST_POINTS, dispersion, figures, norm, scatter
from lwd_tui.report.gmm_figures import gmm_figures
from lwd_tui.report.ink import CONTRAST, GROUND, INKS, SERIES
from lwd_tui.report.posts_figure import posts_figure
from lwd_tui.run.mixtures import theory
from lwd_tui.store.records import StepNumbers
from lwd_tui.types import Geometry, Step

NAMES = ("ada", "ben")


def drawn(drawing):
    """Return the axes that a drawing makes."""
    figure = Figure()
    drawing.draw(figure)
    return figure.axes


def cloud(t, centres, spread, each=50, p=5):
    rng = np.random.default_rng(t)
    owners = np.repeat(np.arange(len(centres)), each)
    points = np.array(centres)[owners] + rng.normal(0, spread, (len(owners), 2))
    geometry = Geometry(
        np.zeros((2, 2)), 1.0, 1.0, 1.0, np.ones(2), points, owners.astype(np.int64), 0.5
    )
    vectors = np.ones((len(owners), p), dtype=np.float32)
    return Step(t, 1, 1, 0, (), (), vectors, (), 1.0, geometry=geometry)


def clusters(counts, texts):
    """Clusters with so many answers at each t, of each participant, in each of them."""
    given = np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0)
    return AnswerClusters(given, *counts.shape[:2], texts, 0.5, 1)


def assert_well_formed(data):
    expat.ParserCreate().Parse(data, True)


STEPS = [simple_step(t) for t in range(5)]
NUMBERS = [StepNumbers.of(step) for step in STEPS]
# Two participants, three clusters: at t = 1 ben says nothing, at t = 2 ada sits in two of them.
COUNTS = np.array([[[1, 1, 0], [0, 0, 2]], [[2, 0, 0], [0, 0, 0]], [[1, 1, 0], [2, 0, 0]]])
CLUSTERS = clusters(COUNTS, ("fox", "owl", "elk"))
DRAWINGS = figures(experiment(steps=6), NUMBERS, [STEPS[t] for t in (0, 2, 4)], CLUSTERS)


def test_the_first_the_middle_and_the_last_step_are_shown():
    assert [moments(last) for last in (-1, 0, 1, 2, 60)] == [
        [],
        [0],
        [0, 1],
        [0, 1, 2],
        [0, 30, 60],
    ]


def test_the_norm_s_curves_are_the_numbers_over_all_t_of_the_run():
    (axes,) = drawn(DRAWINGS["norm"])
    wanted = {
        "norm": [2.0 / (t + 1) for t in range(5)],
        "debiased": [1.0 / (t + 1) for t in range(5)],
    }
    found = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    assert found == wanted
    (floor,) = axes.collections
    assert floor.get_label() == "noise floor"
    corners = floor.get_paths()[0].vertices
    assert corners.min(axis=0).tolist() == [0, 0]
    assert corners.max(axis=0).tolist() == [4, 0.5]


def test_the_norm_is_the_strongest_line_and_the_last_values_stand_at_the_ends():
    (axes,) = drawn(DRAWINGS["norm"])
    strong, thin = axes.get_lines()
    assert strong.get_linewidth() > 1.5 * thin.get_linewidth()
    assert strong.get_zorder() > thin.get_zorder()
    words = {text.get_text(): text for text in axes.texts}
    assert set(words) == {"0.400 norm", "0.200 debiased", "0.500 floor"}
    assert words["0.400 norm"].get_color() == strong.get_color()
    assert words["0.200 debiased"].get_color() == thin.get_color()
    heights = sorted(text.xy[1] for text in axes.texts)
    assert all(text.xy[0] == 4 for text in axes.texts)
    # None is written over another: 9 points of text in a figure of two inches.
    low, high = axes.get_ylim()
    assert min(np.diff(heights)) > 0.05 * (high - low)
    assert axes.get_xlim() == (0, 6)
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] > 2


def test_what_is_not_defined_is_a_gap_and_no_curve_without_any_number():
    steps = NUMBERS
    steps = [replace(step, norm_debiased=np.nan, noise_floor=np.inf) for step in steps]
    steps[1] = replace(steps[1], norm=np.inf)
    (axes,) = drawn(norm(steps, experiment(steps=6)))
    (line,) = axes.get_lines()
    np.testing.assert_array_equal(np.isnan(line.get_ydata()), [False, True, False, False, False])
    assert norm([replace(step, norm=np.nan) for step in steps], experiment()) is None
    none = [replace(step, dispersion=np.full(2, np.nan)) for step in steps]
    assert dispersion(none, NAMES, 6) is None
    assert dispersion([replace(none[0], dispersion=np.zeros(0))], NAMES, 6) is None


def test_each_participant_has_its_colour_and_marker_in_every_figure():
    (axes,) = drawn(DRAWINGS["dispersion"])
    panel = drawn(DRAWINGS["scatter"])[0]
    for who, (curve, points) in enumerate(zip(axes.get_lines(), panel.get_lines(), strict=True)):
        assert curve.get_color() == points.get_color() == SERIES[who].light
        assert curve.get_marker() == points.get_marker()
    looks = {
        (look["marker"], look["markerfacecolor"], look["color"])
        for look in map(mark, range(len(MARKERS) * len(COLOURS)))
    }
    assert len(looks) == len(MARKERS) * len(COLOURS)


def test_the_panels_of_the_scatter_have_one_square_scale_so_that_a_collapse_shows():
    wide = cloud(0, [(-3, 0), (3, 1)], 0.5)
    narrow = cloud(9, [(0, 0), (0, 0)], 0.01)
    axes = drawn(scatter([wide, narrow], NAMES))
    assert [each.get_title(loc="left") for each in axes] == [
        "t = 0, 50 % shown",
        "t = 9, 50 % shown",
    ]
    assert len({each.get_xlim() for each in axes}) == len({each.get_ylim() for each in axes}) == 1
    low, high = axes[0].get_xlim()
    assert high - low == pytest.approx(np.subtract(*axes[0].get_ylim()[::-1]))
    assert low < wide.geometry.coordinates[:, 0].min()
    assert high > wide.geometry.coordinates[:, 0].max()
    for each, step in zip(axes, (wide, narrow), strict=True):
        assert each.get_aspect() == 1
        shown = np.concatenate([line.get_xydata() for line in each.get_lines()])
        np.testing.assert_array_equal(shown, step.geometry.coordinates)


def test_a_collapsed_scatter_is_not_blown_up():
    step = cloud(3, [(0, 0), (0, 0)], 1e-9)
    (axes,) = drawn(scatter([step], NAMES))
    assert np.ptp(axes.get_xlim()) == pytest.approx(0.01 * np.sqrt(5))
    (axes,) = drawn(scatter([replace(step, embeddings=0 * step.embeddings)], NAMES))
    assert np.ptp(axes.get_xlim()) > 0


def test_of_very_many_answers_an_even_share_is_shown_and_said():
    step = cloud(0, [(-1, 0), (1, 0)], 0.1, each=2 * MOST_POINTS)
    (axes,) = drawn(scatter([step], NAMES))
    assert [len(line.get_xdata()) for line in axes.get_lines()] == [MOST_POINTS // 2] * 2
    assert axes.get_title(loc="left").endswith("one answer in 4")


def test_no_answers_make_no_scatter():
    assert scatter([], NAMES) is None


@pytest.mark.parametrize(
    ("count", "last"), [(12, "m11"), (13, "and 1 more"), (60, "and 36 more, 12 not drawn")]
)
def test_long_legends_end_with_the_number_of_the_others(count, last):
    names = [f"m{number}" for number in range(count)]
    steps = [replace(NUMBERS[0], dispersion=np.ones(count))]
    (axes,) = drawn(dispersion(steps, names, 3))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[:12] == names[:12]
    assert labels[-1] == last
    assert len(axes.get_lines()) == min(count, 48)


RUN = simulate(GmmSpec(name="small", steps=30, replicates=3, seed=2))


def test_norms_of_mixtures_are_drawn_over_the_theory():
    (axes,) = drawn(gmm_figures(RUN)["norm"])
    *curves, expected = axes.get_lines()
    np.testing.assert_array_equal([line.get_ydata() for line in curves], norms(RUN.weights))
    np.testing.assert_array_equal(expected.get_ydata(), theory(RUN))


def test_many_replicates_are_a_median_and_a_band():
    run = simulate(GmmSpec(name="small", steps=10, replicates=9))
    (axes,) = drawn(gmm_figures(run)["norm"])
    np.testing.assert_allclose(
        axes.get_lines()[0].get_ydata(), np.median(norms(run.weights), axis=0)
    )
    assert len(axes.collections) == 1


def test_weights_are_those_of_the_first_replicate_and_the_largest_components():
    (axes,) = drawn(gmm_figures(RUN)["weights"])
    found = [line.get_ydata() for line in axes.get_lines()]
    np.testing.assert_array_equal(found, RUN.weights[0, :, :, 0].T)
    run = simulate(GmmSpec(name="small", steps=5, replicates=1, means=[-6, -2, 2, 6, 10]))
    panels = drawn(gmm_figures(run)["weights"])
    last = run.weights[0, -1].mean(axis=0)
    wanted = sorted(np.argsort(last)[-3:] + 1)
    assert [int(axes.get_title(loc="left")[10]) for axes in panels] == wanted


def test_densities_integrate_to_one_and_fit_into_their_panels():
    alike = {"weights": [[0.5, 0.5]] * 3, "human": {"points": [-5, 5, 5]}}
    spec = GmmSpec.from_dict({"name": "small", "steps": 30, "replicates": 1} | alike)
    panels = drawn(gmm_figures(simulate(spec))["densities"])
    assert [axes.get_title(loc="left") for axes in panels] == ["t = 0", "t = 15", "t = 30"]
    for axes in panels:
        for line in axes.get_lines():
            assert axes.get_ylim()[1] > line.get_ydata().max()
            assert np.trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("drawings", [DRAWINGS, gmm_figures(RUN)])
def test_pictures_are_whole_and_on_white_and_the_same_again(drawings):
    for kind in ("png", "svg"):
        data = picture(list(drawings.values()), "a run", kind)
        assert data == picture(list(drawings.values()), "a run", kind)
        if kind == "svg":
            assert_well_formed(data)
            assert b"DejaVu Sans" in data
        else:
            image = Image.open(io.BytesIO(data))
            assert image.width == 1480
            assert image.getpixel((2, 2))[:3] == (255, 255, 255)


@pytest.mark.parametrize("drawings", [DRAWINGS, gmm_figures(RUN)])
def test_a_drawing_in_a_page_is_well_formed_and_holds_no_colour_of_its_own(drawings):
    for name, drawing in drawings.items():
        svg = inline(drawing, name)
        assert_well_formed(svg.encode())
        assert "#" not in svg.replace(f'"#{name}-', "").replace(f"url(#{name}-", "")
        assert "http" not in svg.replace("http://www.w3.org/", "")
        assert parsed(svg).one("svg").attributes["aria-label"] == drawing.alt


def test_a_user_s_settings_of_matplotlib_neither_count_nor_change():
    wanted = inline(DRAWINGS["norm"], "norm")
    with mpl.rc_context({"font.size": 30, "xtick.minor.visible": True, "svg.fonttype": "path"}):
        assert inline(DRAWINGS["norm"], "norm") == wanted
        assert mpl.rcParams["font.size"] == 30


def test_a_legend_of_markup_and_mathematics_is_plain_text():
    def draw(figure):
        axes = figure.add_subplot()
        keys_over(axes, axes.plot([1], label="<i>&amp; $\\frac{1}$"))

    svg = inline(Drawing("", "a & b", 2, draw), "x")
    assert_well_formed(svg.encode())
    assert "<i>&amp; $\\frac{1}$" in [label.text for label in parsed(svg).all("text")]


def test_every_colour_stands_out_on_both_grounds_and_is_named_once():
    def rgb(text):
        return tuple(bytes.fromhex(text[1:]))

    for ink in SERIES:
        assert contrast(rgb(ink.light), rgb(GROUND.light)) >= CONTRAST
        assert contrast(rgb(ink.light), (255, 255, 255)) >= CONTRAST
        assert contrast(rgb(ink.dark), rgb(GROUND.dark)) >= CONTRAST
    assert len({ink.light for ink in INKS}) == len({ink.name for ink in INKS}) == len(INKS)


def test_each_bar_is_a_share_of_one_participant_s_answers_in_one_cluster():
    (axes,) = drawn(DRAWINGS["clusters"])
    tall = 0.85
    shares = [[bar.get_height() / tall for bar in bars] for bars in axes.containers]
    # Ada's three steps, then Ben's.
    assert shares == [
        pytest.approx([0.5, 1, 0.5, 0, 0, 1]),
        pytest.approx([0.5, 0, 0.5, 0, 0, 0]),
        pytest.approx([0, 0, 0, 1, 0, 0]),
    ]
    assert [bars.get_label() for bars in axes.containers] == ["cluster A", "cluster B", "cluster C"]
    # Hers stand over his, and each on what is below it.
    second = axes.containers[1].patches
    assert [bar.get_y() for bar in second] == pytest.approx(
        [1 + tall / 2, 1 + tall, 1 + tall / 2, 0, 0, tall]
    )
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ada", "ben"]


def test_clusters_beyond_the_first_are_drawn_as_one():
    counts = np.zeros((2, 1, 9), dtype=np.int64)
    counts[:, 0] = [9, 8, 7, 6, 5, 4, 3, 2, 1]
    found = clusters(counts, tuple("abcdefghi"))
    (axes,) = drawn(cluster_figure(found, ["ada"], 3))
    *_, rest = axes.containers
    assert rest.get_label() == "all others"
    assert [bar.get_height() / 0.85 for bar in rest] == pytest.approx([6 / 45] * 2)


def test_a_bar_of_a_long_run_stands_for_several_steps():
    # Every other step is another cluster's: each bar of 5 steps has 3 of one and 2 of the other.
    counts = np.zeros((1_000, 1, 2), dtype=np.int64)
    counts[::2, 0, 0] = counts[1::2, 0, 1] = 1
    found = cluster_figure(clusters(counts, ("fox", "owl")), ["ada"], 999)
    (axes,) = drawn(found)
    first, _ = axes.containers
    assert found.title.endswith(", 5 steps a bar")
    assert len(first) == 200
    assert {round(bar.get_height() / 0.85, 3) for bar in first} == {0.6, 0.4}
    assert (first[0].get_x(), first[-1].get_x() + first[-1].get_width()) == (-0.5, 999.5)


def test_posts_stand_side_by_side():
    steps = [replace(simple_step(t), t=t) for t in (1, 4)]
    figure = Figure()
    posts_figure(steps, NAMES).draw(figure)
    texts = [text.get_text() for text in figure.axes[0].texts]
    said = [
        next(each.text for each in step.responses if each.participant == who)
        for who in (0, 1)
        for step in steps
    ]
    assert texts == ["t = 1", "t = 4", "ada", *said[:2], "ben", *said[2:]]
    assert posts_figure([], NAMES) is None
