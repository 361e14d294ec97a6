"""Runs: the stored ones with their numbers; opened, gone on with, changed, compared."""

import csv
import json
import re
import sqlite3
import threading
import time
from dataclasses import replace

import numpy as np
import pyarrow.parquet
import pytest
from support.hostile import HOSTILE, assert_tame
from support.snapshots import compare
from support.tui import OpenPage, focus, handmade_run, scripted, stored_run
from textual.widgets import Input

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.network import simulate
from lwd_tui.run.mixtures import keep
from lwd_tui.store.errors import RunBusy
from lwd_tui.store.folder import annotate_run, list_runs
from lwd_tui.store.lock import WriterLock
from lwd_tui.store.run import RunStore
from lwd_tui.tui import running
from lwd_tui.tui.pages.runs.run_table import RunTable
from lwd_tui.tui.pages.runs.shelf import card_of
from lwd_tui.tui.paging import PageEntry
from lwd_tui.tui.parts.choice import Choice
from lwd_tui.tui.parts.plot import Plot


@pytest.fixture
def folder(still, monkeypatch):
    pages = (
        PageEntry("live", "Live", "live.page:LivePage"),
        PageEntry("runs", "Runs", "runs.page:RunsPage"),
    )
    monkeypatch.setattr("lwd_tui.tui.app.PAGES", pages)
    runs = still / "runs"
    runs.mkdir(parents=True)
    return runs


@pytest.fixture
def three(folder):
    """Make three runs, "alpha" the newest; `gamma` stopped."""
    for number, (name, stop) in enumerate([("gamma", 3), ("beta", 7), ("alpha", 7)]):
        begun_on(20 + number, handmade_run(folder / f"{name}.sqlite", stop_after=stop))
    return folder


def begun_on(day, path):
    with sqlite3.connect(path) as connection:
        created = f"2026-11-{day}T10:00:00+00:00"
        connection.execute("UPDATE run SET created = ?", (created,))
    connection.close()


class _Page(OpenPage):
    def __init__(self, size=(120, 40), **start):
        super().__init__("runs", "stored run", size, **start)

    @property
    def chosen(self):
        return self.app.screen.query_one(RunTable).chosen


def names():
    return [run.name for run in list_runs()]


async def test_the_newest_run_stands_first_with_its_numbers(three):
    async with _Page() as page:
        await page.says("3 stored runs")
        lines = page.text.split("\n")
        rows = [line for line in lines if "2026-11-2" in line and "ada, ben" in line]
        assert ["alpha" in rows[0], "beta" in rows[1], "gamma" in rows[2]] == [True] * 3
        assert "7/7" in rows[0]
        assert "2.400 → 0.800" in rows[0]
        assert "stopped" in rows[2]
        assert "3/7" in rows[2]
        # The card is read from the file.
        await page.says("What will become of Bitcoin?")
        assert "words-64 · unit vectors" in page.text


async def test_while_it_looks_what_there_is_it_says_so(three, monkeypatch):
    may_go_on = threading.Event()

    def slow():
        may_go_on.wait(20)
        return list_runs()

    monkeypatch.setattr("lwd_tui.tui.pages.runs.page.list_runs", slow)
    async with OpenPage("runs", "looking what runs there are") as page:
        assert "no run is stored" not in page.text
        may_go_on.set()
        await page.says("3 stored runs")


async def test_a_run_is_opened(three):
    async with _Page() as page:
        await page.press("j", "enter")
        await page.until(lambda: page.app.current_mode == "live")
        assert page.app.controller.path == three / "beta.sqlite"
        await page.app.action_show_page("runs")
        await page.until(lambda: "▶" in page.text)


async def test_a_run_may_be_opened_while_another_is_being_opened(three, monkeypatch):
    holds_mixtures, waits = running._holds_mixtures, threading.Event()

    def held_up(path):
        if path.stem == "alpha":
            waits.wait(10)
        return holds_mixtures(path)

    monkeypatch.setattr(running, "_holds_mixtures", held_up)
    async with _Page() as page:
        await page.press("enter")
        await page.until(lambda: any(each.name == "open" for each in page.app.workers))
        page.app.open(three / "beta.sqlite")
        await page.until(lambda: page.app.controller is not None)
        waits.set()
        await page.until(lambda: not any(each.group == "open" for each in page.app.workers))
        assert page.app.controller.path == three / "beta.sqlite"
        assert page.app.current_mode == "runs"


async def test_a_stopped_run_goes_on(folder):
    await stored_run(folder / "short.sqlite", stop_after=2)
    async with _Page() as page:
        await page.press("c")
        await page.until(lambda: page.app.progress.phase == "done")
        assert page.app.progress.done == 7
        assert page.app.current_mode == "live"
        await page.app.action_show_page("runs")
        await page.until(lambda: "7/7" in page.text)


async def test_the_open_run_is_told_as_it_goes(folder):
    experiment = scripted(scripted__tokens_per_second=400, steps=60)
    async with _Page(experiment=experiment) as page:
        await page.app.action_show_page("runs")
        await page.until(lambda: "running" in page.text.split("norms")[0])
        done = page.app.progress.done
        await page.until(lambda: page.app.progress.done > done + 3)
        await page.until(lambda: f"{page.app.progress.done}/61" in page.text)
        await page.press("d")
        await page.says("is under way; stop it first")
        await page.press("x")
        await page.until(lambda: page.app.progress.phase == "stopped")
        await page.press("d")
        await page.says("is in the trash")
        assert names() == []
        assert page.app.controller is None


async def test_a_card_comes_and_is_read_once_however_fast_a_run_goes(three, monkeypatch):
    begun = []

    def slow(run):
        begun.append(run.name)
        time.sleep(0.3)
        return card_of(run)

    monkeypatch.setattr("lwd_tui.tui.pages.runs.page.card_of", slow)
    async with _Page() as page:
        for done in range(8):
            page.app.progress = replace(page.app.progress, phase="asking", done=done, steps=99)
            await page.pilot.pause(0.1)
        assert page.app.screen._cards
        assert begun == ["alpha"]


async def test_a_run_is_renamed(three):
    async with _Page() as page:
        await page.press("r")
        page.app.focused.value = "beta"
        await page.press("enter")
        await page.says("there is a run beta already")
        page.app.focused.value = "no/such name"
        await page.press("enter")
        await page.says("can't be a run's name")
        page.app.focused.value = "omega"
        await page.press("enter")
        await page.says("alpha is called omega now")
        assert names() == ["gamma", "beta", "omega"]


async def test_a_run_that_is_open_is_renamed_and_stays_open(three):
    async with _Page() as page:
        await page.press("enter")
        await page.until(lambda: page.app.current_mode == "live")
        await page.app.action_show_page("runs")
        await page.press("r")
        page.app.focused.value = "omega"
        await page.press("enter")
        await page.until(
            lambda: page.app.controller and page.app.controller.path == three / "omega.sqlite"
        )
        await page.until(lambda: page.app.view.t == 6)


async def test_a_run_that_is_renamed_goes_on_where_it_was_told_to(three):
    how = {"hosts": ("http://gpu-box:11434",), "allow_changed": True}
    async with _Page(run=three / "alpha.sqlite", **how) as page:
        await page.until(lambda: page.app.controller is not None)
        await page.press("r")
        page.app.focused.value = "omega"
        await page.press("enter")
        await page.until(
            lambda: page.app.controller and page.app.controller.path == three / "omega.sqlite"
        )
        assert page.app.controller.resuming == how


async def test_a_note_is_kept_with_a_run(three):
    async with _Page(size=(200, 60)) as page:
        await page.press("j", "n", *"the good one", "enter")
        await page.until(lambda: [r.note for r in list_runs()] == ["", "the good one", ""])
        await page.until(lambda: page.text.count("the good one") == 2)


async def test_a_note_that_could_not_be_kept_is_asked_for_again(three):
    async with _Page(size=(200, 60)) as page:
        with WriterLock(three / "beta.sqlite"):
            await page.press("j", "n", *"the good one", "enter")
            await page.says("! run beta is being written by another process")
            assert page.app.focused.value == "the good one"
        await page.press("enter")
        await page.until(lambda: [r.note for r in list_runs()] == ["", "the good one", ""])


async def test_a_dialog_that_is_left_changes_nothing(three):
    async with _Page() as page:
        for key in ("r", "n", "e"):
            await page.press(key)
            await page.until(lambda: len(page.app.screen_stack) == 2)
            await page.press("escape")
            await page.until(lambda: len(page.app.screen_stack) == 1)
        assert names() == ["gamma", "beta", "alpha"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
async def test_a_run_is_exported(three, tmp_path, kind):
    async with _Page() as page:
        await page.press("e")
        choice = page.app.screen.query_one("#format", Choice)
        while choice.chosen != kind:
            await page.press("right")
        line = page.app.screen.query_one(Input)
        assert line.value.endswith("alpha.jsonl" if kind == "jsonl" else f"alpha-{kind}")
        line.value = str(tmp_path / "out")
        await focus(page.pilot, line)
        await page.press("enter")
        await page.says("alpha is exported")
    if kind == "jsonl":
        lines = (tmp_path / "out").read_text().splitlines()
        assert sum(json.loads(line)["kind"] == "steps" for line in lines) == 7
    elif kind == "csv":
        with (tmp_path / "out" / "steps.csv").open() as file:
            assert [row["t"] for row in csv.DictReader(file)] == [str(t) for t in range(7)]
    else:
        assert pyarrow.parquet.read_table(tmp_path / "out" / "steps.parquet").num_rows == 7


async def test_what_is_there_is_not_replaced_unless_asked_for(three, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text("mine")
    async with _Page() as page:
        await page.press("e", "right")
        page.app.screen.query_one(Input).value = str(out)
        await focus(page.pilot, page.app.screen.query_one(Input))
        await page.press("enter")
        await page.says("exists already")
        assert out.read_text() == "mine"
        replacing = page.app.screen.query_one("#replace", Choice)
        await focus(page.pilot, replacing)
        await page.press("right")
        await focus(page.pilot, page.app.screen.query_one(Input))
        await page.press("enter")
        await page.says("alpha is exported")
        assert out.read_text() != "mine"


async def test_deleting_is_undone(three):
    async with _Page() as page:
        await page.press("d")
        await page.says("alpha is in the trash")
        await page.says("2 stored runs")
        await page.press("d")
        await page.says("beta is in the trash")
        await page.press("j", "u")
        await page.says("beta is back")
        # What is pressed next is about the run that came back.
        await page.until(lambda: page.chosen.name == "beta")
        await page.press("u")
        await page.says("alpha is back")
        assert names() == ["gamma", "beta", "alpha"]
        await page.press("u")
        await page.says("nothing was deleted here")


async def test_a_run_that_another_process_writes_is_left_alone(three, monkeypatch):
    def busy(path):
        raise RunBusy(f"run {path.stem} is being written by another process")

    monkeypatch.setattr("lwd_tui.tui.pages.runs.changes.delete_run", busy)
    async with _Page() as page:
        await page.press("d")
        await page.says("is being written by another process")
        assert "alpha" in names()


async def test_norms_are_laid_over_each_other(three):
    async with _Page() as page:
        await page.press("m", "j", "j", "m")
        await page.says("○ alpha 2.400 → 0.800")
        await page.says("□ gamma 2.400 → 1.440")
        await page.press("y")
        await page.says("□ gamma 1.000 → 0.600")
        await page.press("k", "k", "m")
        # The marker stays with its run.
        await page.until(lambda: "○ alpha" not in page.text and "□ gamma" in page.text)


async def test_norms_of_different_scales_are_said_not_to_compare(three):
    handmade_run(three / "raw.sqlite", embedder__normalise=False)
    async with _Page() as page:
        await page.press("m", "j", "m")
        await page.says("raw vectors and unit vectors don't compare")


async def test_one_cursor_reads_every_run_at_the_same_t(three):
    async with _Page() as page:
        await page.press("m", "j", "j", "m")
        await page.says("□ gamma 2.400 → 1.440")
        await page.press("left")
        await page.says("t = 6   ○ alpha 0.800   □ gamma ends at 2")
        await page.press(*["left"] * 4)
        await page.says("t = 2   ○ alpha 1.440   □ gamma 1.440")
        await page.press("less_than_sign", "full_stop")
        await page.says("t = 1   ○ alpha 1.800   □ gamma 1.800")
        # Behind the last step, each is told from its start to its end again.
        await page.press("greater_than_sign")
        await page.says("○ alpha 2.400 → 0.800")


async def test_debiased_norms_are_laid_over_each_other_too(three):
    async with _Page() as page:
        await page.press("m", "j", "j", "m", "b", "left")
        await page.says("debiased ‖D(t)‖F")
        await page.says("○ alpha 0.733")
        await page.press("b")
        await page.says("○ alpha 0.800")
        assert "debiased ‖D(t)‖F" not in page.text


async def test_only_the_settings_that_differ_stand_beside_the_norms(three):
    changes = {"beta": 0.9, "participants__1__sampling__temperature": 1.5}
    handmade_run(three / "zeta.sqlite", **changes)
    async with _Page() as page:
        await page.press("m")
        await page.says("○ zeta 2.400")
        assert "what differs" not in page.text
        await page.press("j", "m")
        await page.says("what differs")
        await page.says("participants.1.sampling.temperature")
        told = [line.split("││")[-1].strip("│ ") for line in page.text.split("\n")]
        rows = [line.split() for line in told]
        assert ["beta", "0.9", "0.5"] in rows
        assert ["1.5", "0.8"] in rows
        assert not any(row[:1] in (["responses"], ["seed"], ["embedder.model"]) for row in rows)


async def test_the_others_are_compared_with_the_pinned_run(three):
    handmade_run(three / "zeta.sqlite", beta=0.9)
    async with _Page() as page:
        # Pinned, a run is one of those compared.
        await page.press("m", "j", "j", "p", "j", "m")
        await page.says("as in □")
        # The pinned one stands first: of the others, only zeta has another beta.
        rows = [line.split("││")[-1].split() for line in page.text.split("\n")]
        (beta,) = [row for row in rows if row[:1] == ["beta"]]
        assert beta[1:4] == ["0.5", "0.9", "="]
        await page.press("left")
        await page.says("○ zeta ends at 5")
        await page.press("left")
        await page.says("t = 5   □ beta 0.900   ○ zeta 0.900 (+0.000)")
        await page.press("k", "p")
        await page.until(lambda: "(+" not in page.text and "as in" not in page.text)


async def test_a_pinned_run_stays_so_under_another_name_and_is_let_go_with_its_file(three):
    async with _Page() as page:
        await page.press("p", "j", "m", "k", "r")
        page.app.focused.value = "omega"
        await page.press("enter")
        await page.until(lambda: page.chosen.name == "omega" and "○ omega" in page.text)
        await page.press("left")
        await page.says("□ beta 0.800 (+0.000)")
        await page.press("d")
        await page.says("omega is in the trash")
        await page.until(lambda: "(+0.000)" not in page.text and "□ beta 0.800" in page.text)


async def test_of_marked_runs_those_that_cannot_be_shown_are_told_and_the_rest_is(three):
    (three / "broken.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 4000)
    async with _Page(size=(200, 60)) as page:
        await page.press("m", "j", "m", "G", "m")
        await page.says("left out: broken is not a run: it isn't an SQLite file")
        await page.says("○ alpha 2.400 → 0.800   □ beta 2.400 → 0.800")
        await page.press("m")
        await page.until(lambda: "left out:" not in page.text)


async def test_a_marked_run_that_is_under_way_is_told_to_be_so(three):
    experiment = scripted(scripted__tokens_per_second=400, steps=60)
    async with _Page(experiment=experiment) as page:
        await page.app.action_show_page("runs")
        await page.until(lambda: "running" in page.text.split("norms")[0])
        await page.press("g", "m", "j", "m")
        await page.says("is under way:")
        await page.says("of 61 steps so far")
        await page.press("left")
        await page.until(lambda: re.search(r"t = \d+ ", page.text))
        put, done = re.search(r"t = \d+ ", page.text)[0], page.app.progress.done
        # What is read stays where it was put, however far the run is.
        await page.until(lambda: page.app.progress.done > done + 3)
        assert put in page.text
        await page.press("x")
        await page.until(lambda: "is under way" not in page.text)


async def test_arrows_move_the_cursor_beside_a_plot_that_is_not_zoomed(three):
    async with _Page() as page:
        await page.press("m", "tab")
        await page.until(lambda: isinstance(page.app.focused, Plot))
        await page.press("left")
        await page.says("t = 6   ○ alpha 0.800")
        await page.press("z", "left")
        await page.pilot.pause(0.3)
        assert "t = 6   ○ alpha 0.800" in page.text
        await page.press("comma")
        await page.says("t = 5   ○ alpha 0.900")


async def test_damaged_files_are_shown_as_such(three):
    (three / "broken.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 4000)
    (three / "empty.sqlite").write_bytes(b"")
    whole = handmade_run(three / "hurt.sqlite")
    with sqlite3.connect(whole) as connection:
        connection.execute("UPDATE steps SET dispersion = x'0011' WHERE t = 1")
        connection.execute("UPDATE run SET created = '2027-01-01T00:00:00+00:00'")
    connection.close()
    async with _Page() as page:
        await page.says("6 stored runs")
        await page.says("run hurt is damaged")
        await page.press("G")
        assert page.chosen.status == "damaged"
        await page.press("enter")
        await page.says("is not a run")
        assert page.app.current_mode == "runs"
        for key in ("c", "m", "n", "escape", "e", "escape", "r", "escape"):
            await page.press(key)
        await page.until(lambda: len(page.app.screen_stack) == 1)
        await page.press("d")
        await page.says("5 stored runs")
        await page.press("u")
        await page.says("6 stored runs")


async def test_a_run_of_mixtures_stands_among_the_others(three, monkeypatch):
    keep(simulate(GmmSpec(name="two mixtures", steps=5)), three / "gmm.sqlite")
    pages = (
        PageEntry("runs", "Runs", "runs.page:RunsPage"),
        PageEntry("gmm", "GMM", "gmm.page:GmmPage"),
    )
    monkeypatch.setattr("lwd_tui.tui.app.PAGES", pages)
    async with _Page() as page:
        await page.says("4 stored runs")
        await page.says("weights of mixtures")
        assert page.chosen.name == "gmm"
        await page.press("m", "j", "m")
        await page.says("unit vectors and weights of mixtures don't compare")
        await page.press("k", "enter")
        await page.until(lambda: page.app.current_mode == "gmm")


async def test_no_runs_yet(folder):
    async with _Page() as page:
        await page.says("no run is stored yet")
        for key in ("enter", "c", "m", "r", "n", "e", "d", "y", "j"):
            await page.press(key)
        assert len(page.app.screen_stack) == 1


async def test_hostile_names_notes_and_specifications(folder):
    texts = list(HOSTILE.values())
    for number, text in enumerate(texts):
        changes = {"name": text.strip()[:60], "query": text[:2000], "description": text[:2000]}
        changes |= {f"participants__{i}__name": f"{i}{text}"[:60].strip() for i in range(3)}
        changes |= {f"participants__{i}__model": text[:500].strip() for i in range(3)}
        path = folder / f"{number}\u202e[red]\x1b]0;x\x07.sqlite"
        handmade_run(path, stop_after=2, **changes)
        annotate_run(path, text[:5000])
        with RunStore.open(path, write=True) as store:
            store.add_event(text[:40], text)
    async with _Page(size=(200, 60)) as page:
        await page.says(f"{len(texts)} stored runs")
        for _ in texts:
            await page.press("m", "j")
            await page.pilot.pause(0.1)
            assert_tame(page.app)
        for key in ("r", "n", "e"):
            await page.press(key)
            await page.until(lambda: len(page.app.screen_stack) == 2)
            assert_tame(page.app)
            await page.press("escape")
        await page.press("d")
        await page.says("is in the trash")
        assert_tame(page.app)
        await page.pilot.resize_terminal(80, 24)
        for _ in range(4):
            await page.press("tab")
            assert_tame(page.app)


async def test_panels_stand_alone_on_a_small_terminal(three):
    async with _Page(size=(80, 24)) as page:
        assert "‖D(t)‖F" not in page.text
        await page.press("tab")
        await page.says("‖D(t)‖F")
        await page.press("tab")
        await page.says("m marks runs; the settings in which they differ stand here")
        await page.press("tab")
        await page.says("What will become of Bitcoin?")
        await page.press("tab", "j", "d")
        await page.says("beta is in the trash")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("theme", ["lwd-dark", "lwd-light"])
async def test_what_it_looks_like(three, size, theme, tmp_path, monkeypatch):
    # Sizes of files, and their folder, differ from machine to machine.
    monkeypatch.setattr("lwd_tui.tui.pages.runs.run_card.size_text", lambda size: "90 kB")
    monkeypatch.setattr("lwd_tui.tui.pages.runs.run_table.size_text", lambda size: "90 kB")
    monkeypatch.setattr("lwd_tui.tui.pages.runs.run_card.place", lambda path: path.name)
    async with _Page(size=size) as page:
        page.app.theme = theme
        await page.press("m", "j")
        await page.pilot.pause(0.2)
        await page.press("j", "m")
        await page.until(lambda: len(page.app.screen._cards) == 3)
        await page.pilot.pause(0.2)
        name = f"runs-{size[0]}x{size[1]}-{theme}"
        await compare(page.app, page.pilot, name, tmp_path)


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        ((80, 24), ("tab",)),
        ((80, 24), ("tab", "tab")),
        ((120, 40), ()),
        ((200, 60), ()),
    ],
    ids=["80x24-norms", "80x24-unlike", "120x40", "200x60"],
)
async def test_what_runs_look_like_that_are_compared(three, size, keys, tmp_path, monkeypatch):
    changes = {"beta": 0.9, "participants__1__sampling__temperature": 1.5, "steps": 9}
    changes["query"] = "What will become of Bitcoin in 2040?"
    begun_on(27, handmade_run(three / "zeta.sqlite", **changes))
    monkeypatch.setattr("lwd_tui.tui.pages.runs.run_card.size_text", lambda size: "90 kB")
    monkeypatch.setattr("lwd_tui.tui.pages.runs.run_table.size_text", lambda size: "90 kB")
    monkeypatch.setattr("lwd_tui.tui.pages.runs.run_card.place", lambda path: path.name)
    async with _Page(size=size) as page:
        await page.press("m", "j", "p", "G", "m")
        await page.until(lambda: len(page.app.screen._unlike[0]) == 3)
        await page.press(*["left"] * 4, *keys)
        name = f"overlay-{size[0]}x{size[1]}" + (f"-{len(keys)}" if keys else "")
        await compare(page.app, page.pilot, name, tmp_path)


async def test_the_curve_of_a_run_under_way_is_its_numbers(folder):
    async with _Page(experiment=scripted()) as page:
        await page.until(lambda: page.app.progress.phase == "done")
        await page.app.action_show_page("runs")
        await page.until(lambda: page.app.screen._cards)
        (card,) = page.app.screen._cards.values()
        expected = [numbers.norm for numbers in page.app.controller.numbers]
        np.testing.assert_array_equal(page.app.screen._series(card).norms, expected)


async def test_a_storm_of_sizes_is_weathered(three):
    async with _Page() as page:
        for number in range(30):
            await page.pilot.resize_terminal(20 + 37 * number % 190, 5 + 23 * number % 60)
            if number % 3 == 0:
                await page.press("tab", "j", "m", "k")
        await page.pilot.resize_terminal(120, 40)
        await page.says("3 stored runs")


async def test_every_key_of_the_page_is_a_command(three):
    async with _Page() as page:
        titles = [command.title for command in page.app.get_system_commands(page.app.screen)]
        for words in (
            "Open",
            "Go on",
            "Compare",
            "Pin",
            "Norm / debiased norm",
            "Rename",
            "Note",
            "Export",
            "Delete",
        ):
            assert words in titles
