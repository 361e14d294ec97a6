"""The widgets of the Runs page: the table, the card, and the norms of several runs."""

from pathlib import Path

import numpy as np
import pytest
from support.hostile import HOSTILE, assert_tame
from support.tui import NAMES, Host, holds, shown, until

from lwd_tui.store.records import RunSummary
from lwd_tui.tui.pages.runs.overlay import Overlay
from lwd_tui.tui.pages.runs.run_card import RunCard
from lwd_tui.tui.pages.runs.run_table import RunTable
from lwd_tui.tui.pages.runs.shelf import NormSeries
from lwd_tui.tui.pages.runs.unlike import Unlike
from lwd_tui.tui.parts.plot import Plot


def summary(name, **changes):
    values = {"experiment": "e", "participants": NAMES, "done": 3, "steps": 7}
    values |= {"norm_first": 2.0, "norm_last": 1.0, "created": "2026-11-22T10:00:00+00:00"}
    return RunSummary(
        name, Path(f"/runs/{name}.sqlite"), **({"status": "stopped"} | values | changes)
    )


@pytest.mark.parametrize(
    ("width", "last"), [(64, "norm"), (100, "begun (UTC)"), (140, "size"), (200, "note")]
)
async def test_the_table_has_the_columns_that_there_is_room_for(width, last):
    table = RunTable()
    async with Host(table).run_test(size=(width, 10)) as pilot:
        run = summary("alpha", note="kept for the talk")
        table.show_runs([run, summary("beta")], {run.path: 1}, run.path)
        await pilot.pause()
        lines = shown(pilot.app).split("\n")
        assert lines[1].rstrip("│ ").endswith(last)
        assert lines[2].startswith("│ ▶ □ alpha")
        assert "2.000 → 1.000" in lines[2]
        assert ("kept for the talk" in lines[2]) == (last == "note")


async def test_why_a_file_is_no_run_is_seen_where_its_path_would_take_the_room():
    table = RunTable()
    path = Path("/home/somebody/.local/share/lwd-tui/runs/alpha.sqlite")
    run = RunSummary("alpha", path, "damaged", problem=f"{path} is not a run: it is empty")
    async with Host(table).run_test(size=(80, 10)) as pilot:
        table.show_runs([run], {}, None)
        await pilot.pause()
        assert "damaged   alpha is not a run: it is empty" in shown(pilot.app)


async def test_that_there_is_no_run_is_said_once_it_is_known():
    table = RunTable()
    async with Host(table).run_test(size=(100, 12)) as pilot:
        await pilot.pause()
        assert "looking what runs there are" in shown(pilot.app)
        table.show_runs([], {}, None)
        await pilot.pause()
        assert "no run is stored yet" in shown(pilot.app)


async def test_the_cursor_stays_on_its_run_when_the_list_changes():
    table = RunTable()
    async with Host(table).run_test(size=(100, 10)):
        table.show_runs([summary(name) for name in "abc"], {}, None)
        table.lines.action_move(1)
        table.show_runs([summary(name) for name in "zyabc"], {}, None)
        assert table.chosen.name == "b"
        table.show_runs([summary(name) for name in "ac"], {}, None)
        assert table.chosen.name == "c"
        table.show_runs([], {}, None)
        assert table.chosen is None


async def test_a_run_that_cannot_be_read_says_why_in_its_line_and_its_card():
    table, card = RunTable(), RunCard()
    broken = RunSummary("x", Path("/runs/x.sqlite"), "damaged", problem="it isn't a run")
    async with Host(table, card).run_test(size=(100, 30)) as pilot:
        table.show_runs([broken], {}, None)
        card.show_run(broken)
        await pilot.pause()
        assert shown(pilot.app).count("it isn't a run") == 2
        card.show_run(None)
        await pilot.pause()
        assert "no run is chosen" in shown(pilot.app)


async def test_when_a_run_was_begun_is_shown_tame_whatever_its_file_says():
    card = RunCard()
    async with Host(card).run_test(size=(80, 12)) as pilot:
        for text in HOSTILE.values():
            card.show_run(summary("x", created=text))
            await pilot.pause()
            assert "begun" in shown(pilot.app)
            assert_tame(pilot.app)


def series(name, *norms, scale="unit vectors", steps=9, embedder="words-64", n=3):
    return NormSeries(name, np.array(norms, dtype=float), steps, scale, embedder, n)


async def test_each_curve_has_its_marker_and_its_line_in_the_legend():
    overlay = Overlay()
    async with Host(overlay).run_test(size=(70, 24)) as pilot:
        curves = {0: series("one", 4, 3, 2, 1), 2: series("two", 2, 2, 1, np.nan)}
        overlay.show_series(curves, relative=False)
        await holds(lambda: not pilot.app.query_one(Plot).waits)
        await pilot.pause()
        text = shown(pilot.app)
        assert "○ one 4.000 → 1.000   △ two 2.000 → 1.000" in text
        assert text.count("○") > 2 < text.count("△")
        overlay.show_series(curves, relative=True)
        await holds(lambda: "△ two 1.000 → 0.500" in shown(pilot.app))


@pytest.mark.parametrize(
    ("other", "unlike"),
    [
        ({"scale": "raw vectors", "n": 2}, "raw vectors and unit vectors"),
        ({"embedder": "nomic"}, "nomic and words-64"),
        ({"n": 12}, "n = 12 and n = 3"),
    ],
)
async def test_norms_that_do_not_compare_are_said_not_to(other, unlike):
    overlay = Overlay()
    async with Host(overlay).run_test(size=(70, 24)) as pilot:
        overlay.show_series({0: series("one", 2, 1), 1: series("two", 2, 1)}, relative=False)
        await pilot.pause()
        assert "don't compare" not in shown(pilot.app)
        curves = {0: series("one", 2, 1), 1: series("two", 2, 1, **other)}
        overlay.show_series(curves, relative=False)
        await pilot.pause()
        assert f"{unlike} don't compare; y: as shares" in shown(pilot.app)
        overlay.show_series(curves, relative=True)
        await pilot.pause()
        assert "don't compare" not in shown(pilot.app)


async def test_at_one_t_each_run_is_read_and_compared_with_the_pinned_one():
    overlay = Overlay()
    async with Host(overlay).run_test(size=(100, 24)) as pilot:
        curves = {
            0: series("one", 4, 3, 2, 1),
            1: series("two", 2, 2.5),
            2: series("three", 5, np.nan, 0.5),
        }
        overlay.show_series(curves, pinned=0, t=1)
        await pilot.pause()
        assert "t = 1   ○ one 3.000   □ two 2.500 (-0.500)   △ three –" in shown(pilot.app)
        overlay.show_series(curves, pinned=2, t=2)
        await pilot.pause()
        assert "t = 2   △ three 0.500   ○ one 2.000 (+1.500)   □ two ends at 1" in shown(pilot.app)
        overlay.show_series(curves, relative=True, pinned=0, t=2)
        await pilot.pause()
        assert "○ one 0.500   □ two ends at 1   △ three 0.100 (-0.400)" in shown(pilot.app)


async def test_the_pinned_curve_is_the_strong_one_and_none_hides_it():
    overlay = Overlay()
    async with Host(overlay).run_test(size=(60, 20)) as pilot:
        curves = {i: series("run", *[2 + i] * 10) for i in range(3)}
        strong, thin = "▀▄█▌▐", "⠉⠒⠤⣀"

        async def drawn():
            await holds(lambda: not pilot.app.query_one(Plot).waits)
            await pilot.pause()
            text = shown(pilot.app)
            return [any(sign in text for sign in signs) for signs in (strong, thin)]

        overlay.show_series(curves)
        assert await drawn() == [True, False]
        overlay.show_series(curves, pinned=1)
        assert await drawn() == [True, True]


async def test_a_curve_that_ends_before_others_has_no_words_among_them():
    overlay = Overlay()
    async with Host(overlay).run_test(size=(60, 20)) as pilot:
        curves = {0: series("one", *range(9, 0, -1), 0.25), 1: series("two", 8, 7, 6.125)}
        overlay.show_series(curves)
        await holds(lambda: not pilot.app.query_one(Plot).waits)
        await pilot.pause()
        plot = shown(pilot.app).split("○ one")[0]
        assert "○ 0.250" in plot
        assert "6.125" not in plot


def told(app):
    """Return the rows of what differs, word by word."""
    return [line.strip("│ ").split() for line in shown(app).split("\n")[1:]]


async def test_what_differs_is_a_table_with_a_column_a_run():
    unlike = Unlike()
    async with Host(unlike).run_test(size=(70, 12)) as pilot:
        runs = {
            0: ("one", {"beta": 0.5, "interaction": True, "query": "What will become of it?"}),
            2: ("two", {"beta": 0.5, "interaction": False, "query": "What will become of us?"}),
            3: ("three", {"beta": 0.9, "interaction": True, "query": None}),
        }
        unlike.show_runs(runs, None)
        await pilot.pause()
        rows = told(pilot.app)
        assert rows[0] == ["○", "one", "△", "two", "◇", "three"]
        assert rows[1] == ["beta", "0.5", "0.5", "0.9"]
        assert rows[2] == ["interaction", "true", "false", "true"]
        unlike.show_runs(runs, 2)
        await pilot.pause()
        rows = told(pilot.app)
        assert rows[0] == ["△", "two", "○", "one", "◇", "three"]
        assert rows[1] == ["beta", "0.5", "=", "0.9"]
        assert rows[2] == ["interaction", "false", "true", "true"]
        assert "3 settings, = as in △" in shown(pilot.app)


async def test_long_texts_are_told_from_the_word_where_they_part():
    unlike = Unlike()
    async with Host(unlike).run_test(size=(70, 12)) as pilot:
        start = "What will become of everything that we know about"
        runs = {i: (f"r{i}", {"query": f"{start} {end}"}) for i, end in enumerate(["cats", "cars"])}
        unlike.show_runs(runs, 0)
        await pilot.pause()
        assert told(pilot.app)[1] == ["query", "…cats", "…cars"]


async def test_a_long_name_of_a_setting_has_a_line_of_its_own():
    unlike = Unlike()
    async with Host(unlike).run_test(size=(40, 12)) as pilot:
        name = "participants.1.sampling.temperature"
        unlike.show_runs({i: (f"r{i}", {name: 0.5 + i, "seed": i}) for i in range(2)}, None)
        await pilot.pause()
        assert told(pilot.app)[1:4] == [[name], ["0.5", "1.5"], ["seed", "0", "1"]]


async def test_that_nothing_differs_is_said():
    unlike = Unlike()
    async with Host(unlike).run_test(size=(60, 8)) as pilot:
        unlike.show_runs({0: ("one", {}), 1: ("two", {})}, 0)
        await pilot.pause()
        assert "nothing: they are run in the same way" in shown(pilot.app)
        unlike.show_runs({}, None)
        await pilot.pause()
        assert "m marks runs" in shown(pilot.app)


async def test_the_settings_that_differ_are_shown_tame():
    unlike = Unlike()
    async with Host(unlike).run_test(size=(80, 30)) as pilot:
        for text in HOSTILE.values():
            unlike.show_runs({i: (text, {text: f"{i}{text}", "x": i}) for i in range(2)}, 0)
            await pilot.pause()
            assert_tame(pilot.app)


async def test_an_entry_of_the_legend_is_never_broken():
    overlay = Overlay()
    async with Host(overlay).run_test(size=(40, 24)) as pilot:
        names = ["a long name", "another name", "third"]
        overlay.show_series({i: series(n, 2, 1) for i, n in enumerate(names)}, relative=False)
        await pilot.pause()
        lines = shown(pilot.app).split("\n")
        for name in names:
            assert any(f"{name} 2.000 → 1.000" in line for line in lines)


async def test_entries_that_have_no_room_are_counted():
    overlay = Overlay()
    async with Host(overlay).run_test(size=(40, 16)) as pilot:
        runs = {i: series(f"run number {i}", 2, 1) for i in range(7)}
        overlay.show_series(runs, relative=False)
        # A third of the panel's height is theirs.
        await until(pilot, lambda: "+4 more" in shown(pilot.app))
        assert "run number 2 2.000" in shown(pilot.app)
        assert "run number 3" not in shown(pilot.app)
        await pilot.resize_terminal(40, 40)
        await until(pilot, lambda: "run number 6 2.000" in shown(pilot.app))
        assert "more" not in shown(pilot.app)


@pytest.mark.parametrize("norms", [(), (np.nan,), (0, 0), (1,)])
async def test_runs_with_few_norms_are_drawn(norms):
    overlay = Overlay()
    async with Host(overlay).run_test(size=(60, 20)) as pilot:
        for relative in (False, True):
            overlay.show_series({0: series("run", *norms)}, relative=relative)
            await holds(lambda: not pilot.app.query_one(Plot).waits)
            await pilot.pause()
        assert "○ run" in shown(pilot.app)


def test_relative_norms_start_at_one():
    assert series("a", 0, np.nan, 4, 2).relative().norms[2:].tolist() == [1.0, 0.5]
    assert np.isnan(series("a", 0, 0).relative().norms).all()


async def test_a_long_fact_goes_on_under_itself_in_any_width():
    card = RunCard()
    note = "kept for the talk about robots in cities"
    async with Host(card).run_test(size=(60, 20)) as pilot:
        card.show_run(summary("alpha", note=note))
        await until(pilot, lambda: f"note         {note}" in shown(pilot.app))
        await pilot.resize_terminal(40, 20)
        below = f"{'':13}about robots in cities"
        await until(pilot, lambda: below in shown(pilot.app))
        assert "│ note         kept for the talk  " in shown(pilot.app)
