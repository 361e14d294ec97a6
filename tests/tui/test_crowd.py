"""Many participants: groups, the table that sorts and filters, the map, the density."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import HOSTILE, assert_tame
from support.journeys import check
from support.snapshots import compare
from support.tui import SENTENCES, Host, focus, holds, scripted, shown, stored_run, until

from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.live.crowd_table import CrowdTable
from lwd_tui.tui.pages.live.density import density
from lwd_tui.tui.pages.live.feed import Feed
from lwd_tui.tui.pages.live.heat_map import HeatMap, sorted_distances
from lwd_tui.tui.pages.live.page import LivePage
from lwd_tui.tui.pages.live.participants import Participants
from lwd_tui.tui.pages.live.pictures import Picture
from lwd_tui.tui.pages.live.scatter import Scatter
from lwd_tui.tui.paging import PageEntry
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.parts.scrubber import Scrubber
from lwd_tui.tui.state.grouping import Grouping, chosen, groupings
from lwd_tui.types import Attempt, Draw, Geometry, Post, Prompt, Response, Step

SIZES = [(80, 24), (120, 40), (200, 60)]


def cast(n, **fields):
    """Participants; a field is a function of the position."""
    return [
        {"name": f"m{i}", "backend": "scripted", "model": "words"}
        | {name: field(i) for name, field in fields.items()}
        for i in range(n)
    ]


def crowd(n, responses=2, steps=2, **fields):
    fields = fields or {"model": lambda i: f"s{i % 3}"}
    return scripted(participants=cast(n, **fields), responses=responses, steps=steps)


def test_few_are_each_a_group():
    (only,) = groupings(crowd(10, model=lambda i: f"s{i % 2}"))
    assert only.of == tuple(range(10))
    assert only.names == tuple(f"m{i}" for i in range(10))
    assert not only.crowd


def test_a_crowd_is_grouped_by_all_that_splits_it():
    experiment = crowd(12, model=lambda i: f"s{i % 2}", system=lambda i: f"Be {i // 4}." * (i > 3))
    experiment = experiment.replaced({"topology": "islands", "islands": 3})
    by_model, by_persona, by_island = groupings(experiment)
    assert (by_model.by, by_model.names) == ("model", ("s0", "s1"))
    assert by_model.of == (0, 1) * 6
    assert by_persona.names == ("no persona", "Be 1.", "Be 2.")
    assert by_island.names == ("island 1", "island 2", "island 3")
    # The same island reads each other, and no other.
    reads = experiment.readers(12)
    of = np.array(by_island.of)
    np.testing.assert_array_equal(reads, of[:, None] == of[None, :])
    assert chosen((by_model, by_persona), "persona") is by_persona
    assert chosen((by_model, by_persona), "nothing") is by_model


@pytest.mark.parametrize("models", [1, 11])
def test_what_does_not_split_a_crowd_into_two_to_ten_is_no_grouping(models):
    (only,) = groupings(crowd(22, model=lambda i: f"s{i % models}"))
    assert only.crowd
    assert set(only.of) == {0}


# The table


class TableHost:
    """The table alone, with three models and numbers of its own."""

    def __init__(self, n, size=(100, 20)):
        self.table = CrowdTable()
        self.host, self.size, self.n = Host(self.table), size, n

    async def __aenter__(self):
        self._test = self.host.run_test(size=self.size)
        self.pilot = await self._test.__aenter__()
        experiment = crowd(self.n)
        self.table.show_cast(experiment.cast, groupings(experiment)[0], 4)
        rng = np.random.default_rng(0)
        self.centre = rng.permutation(self.n) / 1000
        self.centre[3] = np.nan
        counts = np.full(self.n, 4)
        counts[5] = 2
        self.table.show_numbers(counts, np.full(self.n, 0.5), self.centre)
        await focus(self.pilot, self.table.lines)
        await self.pilot.pause()
        return self

    async def __aexit__(self, *error):
        await self._test.__aexit__(*error)

    @property
    def names(self):
        """The names of the lines that are seen, from above."""
        lines = shown(self.host).split("\n")[1:]
        return [line.split()[2] for line in lines if line.strip() and "/4" in line]


async def test_the_table_sorts_by_each_column_and_the_other_way_round():
    async with TableHost(15) as at:
        assert at.names == [f"m{i}" for i in range(15)]
        at.table.sort_by_next()
        await at.pilot.pause()
        assert at.names == sorted(f"m{i}" for i in range(15))
        at.table.sort_by_next()
        await at.pilot.pause()
        order = [i for i in np.argsort(at.centre) if i != 3]
        # Who has no distance stands last, either way.
        assert at.names == [f"m{i}" for i in [*order, 3]]
        at.table.turn_round()
        await at.pilot.pause()
        assert at.names == [f"m{i}" for i in [*order[::-1], 3]]
        assert "centre▼" in shown(at.host)
        at.table.sort_by_next()
        await at.pilot.pause()
        # Equal ones keep their order.
        assert at.names == ["m5", *(f"m{i}" for i in range(15) if i != 5)]


async def test_a_click_on_a_heading_sorts():
    async with TableHost(15) as at:
        place = shown(at.host).split("\n")[0].index("centre")
        await at.pilot.click(at.table._headings, offset=(place + 1, 0))
        assert "centre▲" in shown(at.host)
        await at.pilot.click(at.table._headings, offset=(place + 1, 0))
        assert "centre▼" in shown(at.host)


async def test_the_table_filters_by_words_and_keeps_who_is_chosen():
    async with TableHost(40) as at:
        await at.pilot.press("down", "down", "down", "down")
        assert at.table.selected == 4
        at.table.begin_filter()
        await at.pilot.press(*"s1")
        await at.pilot.pause()
        assert at.names == [f"m{i}" for i in range(40) if i % 3 == 1]
        assert at.table.selected == 4
        await at.pilot.press("space", *"M1")
        await at.pilot.pause()
        assert at.names == ["m1", "m10", "m13", "m16", "m19"]
        # Who is filtered out can't be chosen.
        assert at.table.selected == 1
        await at.pilot.press("enter", "down")
        assert at.table.selected == 10
        await at.pilot.press("escape")
        await at.pilot.pause()
        assert len(at.names) > 5
        assert at.table.selected == 10


async def test_esc_in_the_table_dismisses_a_notice_then_leaves_the_filter(tmp_path):
    kept = await stored_run(tmp_path / "kept.sqlite", crowd(12, steps=1))
    app = Explorer(run=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t == 1)
        table = app.screen.query_one(CrowdTable)
        await focus(pilot, table.lines)
        app.notice = "something to read"
        await pilot.press("escape")
        assert app.notice == ""
        await pilot.press("slash", *"s1", "enter")
        app.notice = "something else"
        await pilot.press("escape")
        assert app.notice == ""
        assert table.has_class("-filtered")
        await pilot.press("escape")
        assert not table.has_class("-filtered")


async def test_words_that_nobody_has_are_said_to_be_so():
    async with TableHost(12) as at:
        at.table.begin_filter()
        await at.pilot.press(*"zzz")
        await at.pilot.pause()
        assert "no participant has these words" in shown(at.host)


async def test_a_thousand_are_sorted_and_filtered_line_by_line(monkeypatch):
    async with TableHost(1000) as at:
        drawn = []
        draw = at.table.lines.draw
        monkeypatch.setattr(
            at.table.lines, "draw", lambda row, width: drawn.append(row) or draw(row, width)
        )
        at.table.turn_round()
        await at.pilot.pause()
        # The cursor stays on its participant, who is the last now.
        assert at.names[-1] == "m0"
        at.table.begin_filter()
        await at.pilot.press(*"99")
        await at.pilot.pause()
        assert at.names[0] == "m999"
        # Only what is seen is made.
        assert len({row for row in drawn if row < 980}) <= 20


async def test_hostile_names_are_tame():
    names = list(HOSTILE.values())
    people = cast(
        12, name=lambda i: f"{i} {names[i % len(names)]}"[:50], system=lambda i: names[i % 3]
    )
    experiment = scripted(participants=people)
    table, scatter = CrowdTable(), Scatter()
    async with Host(table, scatter).run_test(size=(120, 40)) as pilot:
        for grouping in groupings(experiment):
            table.show_cast(experiment.cast, grouping, 4)
            scatter.show_cast([who.name for who in experiment.cast], grouping)
            await pilot.pause()
            assert_tame(pilot.app)


# The map


def apart(places):
    places = np.asarray(places, dtype=float)
    return np.linalg.norm(places[:, None] - places[None, :], axis=-1)


@pytest.fixture(params=["truecolor", "no colours"])
def colours(request, monkeypatch):
    if request.param == "no colours":
        monkeypatch.setenv("NO_COLOR", "1")
    return request.param


async def test_the_map_sorts_marks_and_says_its_scale(colours):
    # Two heaps, whose participants alternate.
    places = [[10 * (i % 2) + 0.1 * i] for i in range(12)]
    found = sorted_distances(apart(places))
    heat = HeatMap()
    async with Host(heat).run_test(size=(40, 20)) as pilot:
        heat.show(found, [i % 2 for i in range(12)])
        heat.select(int(found.order[0]))
        await pilot.pause()
        lines = shown(pilot.app).split("\n")
        assert {i % 2 for i in found.order[:6].tolist()} in ({0}, {1})
        assert lines[1].startswith("▸")
        heat.select(int(found.order[11]))
        await pilot.pause()
        lines = shown(pilot.app).split("\n")
        assert not lines[1].startswith("▸")
        assert sum(line.startswith("▸") for line in lines) == 1
        assert "0.200" in lines[-2]
        assert f"{apart(places).max():.3f}" in lines[-2]
        assert "average linkage" in lines[-1]
        # The heaps are near in themselves and far from each other.
        levels = heat._levels
        off = ~np.eye(6, dtype=bool)
        assert levels[:6, :6][off].max() < levels[:6, 6:].min()
        if colours == "no colours":
            assert "▀" not in "\n".join(lines)
            assert "█" in lines[1]


async def test_a_map_of_more_than_there_is_room_for_says_that_it_averages():
    distances = apart(np.random.default_rng(0).normal(size=(100, 3)))
    heat = HeatMap()
    async with Host(heat).run_test(size=(30, 17)) as pilot:
        heat.show(sorted_distances(distances), [0] * 100)
        await pilot.pause()
        assert heat._levels.shape == (28, 28)
        assert "means of 3 or 4 a block" in shown(pilot.app)
        await pilot.resize_terminal(30, 8)
        await until(pilot, lambda: heat._levels.shape == (10, 10))
        assert "means of 10 a block" in shown(pilot.app)


# The density

CELLS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=60
)


@given(CELLS)
def test_a_density_counts_every_answer_where_it_is(answers):
    columns, rows, groups = np.array(answers).T
    found = density(columns, rows, groups)
    counts = {}
    for x, y, group in answers:
        counts.setdefault((x, y), []).append(group)
    fullest = max(map(len, counts.values()))
    seen = {}
    for x, y, share, group in zip(*found, strict=True):
        seen[x, y] = (share, group)
    assert seen.keys() == counts.keys()
    for place, there in counts.items():
        share, group = seen[place]
        assert share == pytest.approx(np.log1p(len(there)) / np.log1p(fullest))
        assert there.count(group) == max(map(there.count, there))


async def test_the_chosen_one_stands_out_of_a_density(colours):
    rng = np.random.default_rng(1)
    owners = np.repeat(np.arange(40), 5)
    groups = Grouping("model", ("a", "b"), tuple(i % 2 for i in range(40)))
    scatter = Scatter()
    async with Host(scatter).run_test(size=(80, 30)) as pilot:
        scatter.show_cast([f"m{i}" for i in range(40)], groups)
        places = rng.uniform(-1, 1, (200, 2))
        scatter.show_picture(Picture(places, owners, ((-1.1, 1.1), (-1.1, 1.1)), "answers"))
        scatter.select(7, np.zeros((0, 2)))
        plot = scatter.query_one(Plot)
        await holds(lambda: not plot.waits)
        await pilot.pause(0.05)
        rows = "\n".join(shown(pilot.app).split("\n")[1:-4])
        assert 1 <= rows.count("◉") <= 5
        assert "m7" in rows
        assert ("▀" in rows) == (colours == "truecolor")
        assert any(sign in rows for sign in "░▒▓█") == (colours != "truecolor")
        # The marker of each group stands at its mean.
        assert rows.count("○") == rows.count("□") == 1


# The page


@pytest.fixture(scope="module")
def sixty(tmp_path_factory):
    """A run of round numbers, the same on every machine: three models near heaps of their own."""
    path = tmp_path_factory.mktemp("crowds") / "sixty.sqlite"
    experiment = crowd(
        60,
        responses=4,
        model=lambda i: f"s{i % 3}",
        system=lambda i: "Doubt all." * (i < 20),
    )
    rng = np.random.default_rng(6)
    heaps = np.array([[0.0, 0.6], [-0.6, -0.3], [0.6, -0.3]])
    means = heaps[np.arange(60) % 3] + rng.integers(-4, 5, (60, 2)) / 20
    around = rng.integers(-3, 4, (60, 4, 2)) / 20
    with RunStore.create(path, experiment, {"notes": []}) as store:
        for t in range(3):
            share = (3 - t) / 3
            places = np.round(means[:, None] * share + around, 3).reshape(-1, 2)
            step = round_step(t, places, np.round(apart(means) * share, 3))
            store.begin_step(t, step.k, step.size, step.draws, [Prompt.completion("Read.")] * 60)
            for response in step.responses:
                store.add_response(response)
            store.finish_step(step)
    return path


def round_step(t, places, distances):
    answers = tuple(
        Response(t, i, index, (Attempt(SENTENCES[(i + index) % 6], 7, "stop", 90, 12, 0.5),))
        for i in range(60)
        for index in range(4)
    )
    geometry = Geometry(
        distances=distances,
        norm=round(40.0 / (t + 1), 3),
        norm_debiased=round(36.0 / (t + 1), 3),
        noise_floor=8.0,
        dispersion=np.arange(60) / 200 + 0.1 * t,
        coordinates=places,
        owners=np.repeat(np.arange(60), 4),
        explained=0.75,
    )
    size = 6 + 60 * t
    posted = tuple(
        Post(size + i, answers[4 * i].text, f"m{i}", "synthetic", t + 1) for i in range(60)
    )
    draws = tuple(Draw(t, i, tuple(range(3))) for i in range(60))
    vectors = np.hstack([places, np.ones((240, 1))]).astype(np.float32)
    return Step(t, 3, size, 60 * t, draws, answers, vectors, posted, 1.5, geometry=geometry)


@pytest.fixture
def live(monkeypatch):
    pages = (PageEntry("live", "Live", "live.page:LivePage"),)
    monkeypatch.setattr("lwd_tui.tui.app.PAGES", pages)


async def opened(pilot, app):
    await until(pilot, lambda: app.view.t is not None)
    await until(pilot, lambda: isinstance(app.screen, LivePage))
    await until(pilot, lambda: len(app.screen.query_one(HeatMap)._levels) > 0)


async def test_the_chosen_participant_is_chosen_in_all_pictures(live, sixty):
    app = Explorer(run=sixty)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        page = app.screen
        assert isinstance(page, LivePage)
        table = page.query_one(Participants).table
        await focus(pilot, table.lines)
        await pilot.press("down", "down")
        await until(pilot, lambda: page.query_one(HeatMap)._selected == 2)
        assert page.query_one(Scatter)._plot._chosen[0] == 2
        await check(app, pilot, "two down")


async def test_a_smaller_crowd_without_a_step_takes_the_place_of_a_crowd(live, sixty, tmp_path):
    other = await stored_run(tmp_path / "twelve.sqlite", crowd(12), stop_after=0)
    app = Explorer(run=sixty)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        plot, heat = app.screen.query_one(Scatter).query_one(Plot), app.screen.query_one(HeatMap)
        await until(pilot, lambda: not plot.waits)
        app.open(other)
        await until(pilot, lambda: app.controller is not None and app.controller.path == other)
        await until(pilot, lambda: not len(heat._levels) and not plot.waits)
        assert "t = 2" not in shown(app)


async def test_another_step_of_a_crowd_is_painted_in_one_frame(live, sixty, monkeypatch):
    painted, paint = [], LivePage._compositor_refresh

    def count(page):
        painted.append({type(widget) for widget in page._dirty_widgets})
        paint(page)

    app = Explorer(run=sixty)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        last = app.view.t
        for t in (last - 1, last):
            app.action_scrub_to(t)
            await until(pilot, lambda t=t: app.view.t == t)
        await holds(lambda: not any(plot.waits for plot in app.screen.query(Plot)))
        await pilot.pause(0.1)
        monkeypatch.setattr(LivePage, "_compositor_refresh", count)
        app.action_scrub_to(last - 1)
        await holds(lambda: painted)
        changed = {
            Scrubber,
            Feed,
            Scatter,
            Participants,
            type(app.screen.query_one(CrowdTable).lines),
        }
        assert painted[0] >= changed


async def test_another_grouping_colours_all_pictures(live, sixty):
    app = Explorer(run=sixty)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        assert "○ s0   □ s1   △ s2" in shown(app)
        await pilot.press("v")
        await until(pilot, lambda: "○ Doubt all.   □ no persona" in shown(app))
        assert app.memory.groups == "persona"
        await check(app, pilot, "v")
        await pilot.press("v")
        await until(pilot, lambda: "○ s0   □ s1   △ s2" in shown(app))


async def test_inspect_marks_participants_by_their_groups(sixty):
    app = Explorer(run=sixty)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.view.t is not None)
        await pilot.press("3")
        await until(pilot, lambda: all(each in shown(app) for each in ("○ m3 ", "□ m4 ", "△ m11 ")))
        await pilot.press("2")
        await opened(pilot, app)
        await pilot.press("v")
        await until(pilot, lambda: app.memory.groups == "persona")
        await pilot.press("3")
        await until(pilot, lambda: "○ m4 " in shown(app) and "○ m11 " in shown(app))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_a_crowd_looks_like(live, sixty, size, tmp_path):
    app = Explorer(run=sixty)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.view.t is not None)
        if size == (80, 24):
            await pilot.press("tab", "tab", "tab")
        await opened(pilot, app)
        await compare(app, pilot, f"crowd-{size[0]}x{size[1]}", tmp_path)


@pytest.mark.parametrize("theme", ["lwd-light", "lwd-contrast"])
async def test_what_a_crowd_looks_like_in_other_themes(live, sixty, theme, tmp_path):
    app = Explorer(run=sixty)
    app.theme = theme
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await compare(app, pilot, f"crowd-120x40-{theme}", tmp_path)


async def test_a_thousand_are_shown_as_a_whole_layout_would_show_them(live, tmp_path):
    path = await stored_run(tmp_path / "thousand.sqlite", crowd(1000, responses=2, steps=1))
    app = Explorer(run=path)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await check(app, pilot, "opened")
        for keys in (["comma"], ["tab", "tab", "tab", "pagedown"], ["slash", *"m99"], ["c", "C"]):
            await pilot.press(*keys)
            await check(app, pilot, keys)
