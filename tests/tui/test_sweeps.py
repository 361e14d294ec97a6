"""Sweeps: listed, planned, begun and paused, watched run by run, compared in pairs, edited."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.hostile import HOSTILE, assert_tame
from support.snapshots import compare
from support.sweeps import jobs_in, made, partly_made, written
from support.tui import OpenPage

from lwd_tui.store.errors import StoreError
from lwd_tui.store.lock import WriterLock
from lwd_tui.sweep import conduct
from lwd_tui.sweep.conduct import right_to_run
from lwd_tui.sweep.results import run_result
from lwd_tui.sweep.variants import own_folder
from lwd_tui.tui.pages.sweeps import making
from lwd_tui.tui.pages.sweeps.desk import Desk
from lwd_tui.tui.pages.sweeps.editing import AskSweep
from lwd_tui.tui.pages.sweeps.run_grid import Cells, Place, arranged
from lwd_tui.tui.pages.sweeps.sparkline import sparkline
from lwd_tui.tui.paging import PageEntry
from lwd_tui.tui.parts.editor import Editor
from lwd_tui.tui.parts.line import Line

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture(autouse=True)
def pages(still, monkeypatch):
    """Two pages, no shipped sweeps, and threads in the place of processes."""
    found = (
        PageEntry("live", "Live", "live.page:LivePage"),
        PageEntry("sweeps", "Sweeps", "sweeps.page:SweepsPage"),
    )
    monkeypatch.setattr("lwd_tui.tui.app.PAGES", found)
    monkeypatch.setattr("lwd_tui.sweep.own.shipped_sweeps", list)
    monkeypatch.setattr(conduct, "in_processes", lambda count, leash: ThreadPoolExecutor(count))


class _Page(OpenPage):
    def __init__(self, size=(120, 40), says="sweep"):
        super().__init__("sweeps", says, size)

    async def begin(self):
        """Begin the sweep under the cursor, as many runs at a time as is proposed."""
        await self.press("b")
        await self.says("runs at a time")
        await self.press("enter")


async def test_the_plan_is_fields_by_values_by_seeds():
    partly_made(written())
    async with _Page(says="10/12") as page:
        await page.says("✓ ✓ ✓ ‖")
        await page.says("about 14 s left")
        lines = [line for line in page.text.split("\n") if "false" in line or "recent" in line]
        assert ["interaction" in lines[0], "✓ ✓ ✓ ‖" in lines[0], "ranking" in lines[1]] == [
            True
        ] * 3
        assert "✓ ✓ ✓ !" in next(line for line in page.text.split("\n") if "posts_each" in line)
        assert "12 runs, 1,008 answers" in page.text
        assert "paused" in page.text


async def test_a_sweep_is_begun_and_its_runs_come_while_the_screen_goes_on():
    written()
    async with _Page(says="0/12 not begun") as page:
        assert "No step of any run is there yet." in page.text
        await page.press("b")
        await page.says("runs at a time")
        await page.press("backspace", "0", "enter")
        await page.says("a whole number from 1 to 64")
        await page.press("backspace", "2", "enter")
        await page.until(lambda: page.app.sweep is not None)
        await page.says("12/12 done")
        await page.says("all runs are there")
        assert not page.app.sweep.busy
    assert len(list((own_folder() / "posting-rules").glob("*.sqlite"))) == 12


async def test_a_run_is_opened_as_runs_are():
    path = written()
    partly_made(path)
    async with _Page(says="10/12") as page:
        await page.press("enter")
        await page.until(lambda: isinstance(page.app.focused, Cells))
        await page.press("right")
        await page.says("accumulate, seed 2: 7 of 7 steps")
        await page.press("enter")
        await page.until(lambda: page.app.current_mode == "live")
        assert page.app.controller.path == jobs_in(path)["accumulate", 2].path


async def test_norms_that_do_not_compare_are_in_no_difference():
    variants = {"accumulate": "", "raw": "embedder.normalise = false", "newest": "posts_each = 2"}
    jobs = jobs_in(written(seeds=(1, 2), variants=variants))
    for (variant, _), job in jobs.items():
        made(job, 3.0 if variant == "raw" else 1.0)
    async with _Page(says="6/6", size=(200, 60)) as page:
        await page.says("raw: The runs embed their answers in different ways")
        raw, newest = (
            next(line for line in page.text.split("\n") if f" {name} " in line and " – " in line)
            for name in ("raw", "newest")
        )
        assert raw.split(" raw ")[1].split()[:2] == ["0", "–"]
        assert newest.split(" newest ")[1].split()[:2] == ["2", "+0.000"]
        # A share of posts is no norm, and compares.
        while "copied: less" not in page.text:
            await page.press("v")
        await page.until(lambda: "embed their answers" not in page.text)


async def test_what_stopped_a_run_is_said_and_one_not_begun_is_not_opened():
    path = written(seeds=(1, 2))
    made(jobs_in(path)["newest", 2], steps=2, error="no server answers at gpu-box")
    async with _Page(says="0/6") as page:
        await page.press("enter", "end")
        await page.says("newest, seed 2: 2 of 7 steps, stopped by an error: no server answers")
        await page.press("home", "enter")
        await page.says("accumulate, seed 1: not begun yet")
        assert page.app.current_mode == "sweeps"


async def test_what_another_process_makes_is_shown_and_not_touched():
    path = written()
    folder = jobs_in(path)["accumulate", 1].path.parent
    with right_to_run(folder):
        async with _Page(says="elsewhere") as page:
            await page.press("b")
            await page.says("another process makes the runs of posting rules")
            await page.press("p")
            await page.says("no sweep is under way here")
            # A run that comes meanwhile is seen without a key.
            made(jobs_in(path)["accumulate", 1])
            await page.says("1/12")
            with WriterLock(jobs_in(path)["no interaction", 1].path):
                await page.says("▶")
    assert len(list(folder.glob("*.sqlite"))) == 1


class _Held:
    """A sweep that is under way until it is paused."""

    busy, pausing, complaint = True, False, ""
    making, problems = frozenset(), {}

    def __init__(self, jobs, at_once):
        self.folder, self.at_once = jobs[0].path.parent, at_once

    def pause(self):
        self.busy, self.pausing = False, True


async def test_how_a_sweep_ended_is_told_however_soon_it_did(monkeypatch):
    ended = type("Ended", (_Held,), {"busy": False, "complaint": "there is no room on the disk"})
    monkeypatch.setattr(making, "Conductor", ended)
    written()
    async with _Page(says="0/12") as page:
        await page.begin()
        await page.says("there is no room on the disk")


async def test_a_sweep_is_paused_and_asked_about_before_it_ends_with_the_app(monkeypatch):
    monkeypatch.setattr(making, "Conductor", _Held)
    written()
    async with _Page(says="0/12") as page:
        await page.begin()
        await page.says("under way")
        await page.press("b")
        await page.says("a sweep is under way here; pause it first")
        await page.press("q")
        await page.says("A sweep is under way, and ends with lwd-tui.")
        await page.press("n", "p")
        await page.until(lambda: not page.app.sweep.busy)
        await page.says("not begun")


async def test_a_sweep_that_is_edited_while_it_runs_is_refused_and_nothing_is_lost():
    path = written()
    before = path.read_text()
    async with _Page(says="0/12") as page:
        with right_to_run(jobs_in(path)["accumulate", 1].path.parent):
            await page.press("e")
            await page.until(lambda: isinstance(page.app.screen, AskSweep))
            await page.says("posting rules is under way: pause it first")
            editor = page.app.screen.query_one(Editor)
            editor.text = before.replace("[1, 2, 3, 4]", "[1, 2, 3, 4, 5]")
            await page.press("tab", "enter")
            await page.says("posting rules is under way: pause it first")
            assert path.read_text() == before
            # Left for now, it is there again.
            await page.press("escape")
            await page.until(lambda: not isinstance(page.app.screen, AskSweep))
        await page.press("e")
        await page.says("what you wrote and left")
        assert "3, 4, 5]" in page.app.screen.query_one(Editor).text
        await page.press("tab", "enter")
        await page.says("0/15")
    assert "3, 4, 5]" in path.read_text()


def test_a_look_at_a_sweep_that_was_edited_meanwhile_keeps_nothing_of_the_old_one():
    path, desk = written(), Desk()
    (old,) = desk.read(None)
    path.write_text(path.read_text().replace("[1, 2, 3, 4]", "[1, 2, 3, 4, 5]"))
    assert len(desk.look(old, None).states) == 15
    assert [len(seen.states) for seen in desk.read(None)] == [15]


async def test_a_new_sweep_is_written_and_what_is_wrong_is_said():
    async with _Page(says="0 sweeps") as page:
        await page.press("n")
        await page.until(lambda: isinstance(page.app.screen, AskSweep))
        editor = page.app.screen.query_one(Editor)
        editor.text = editor.text.replace("steps = 6", "stepps = 6")
        await page.press("tab", "enter")
        await page.says("did you mean steps?")
        editor = page.app.screen.query_one(Editor)
        editor.text = editor.text.replace("stepps", "steps")
        await page.press("tab", "enter")
        await page.says("my sweep")
        await page.says("0/12")
    assert (own_folder() / "my-sweep.toml").is_file()


async def test_a_file_of_the_users_own_is_listed(tmp_path):
    path = written("elsewhere")
    path.rename(tmp_path / "mine.toml")
    (tmp_path / "base.toml").write_text((own_folder().parent / "base.toml").read_text())
    text = (tmp_path / "mine.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace("../base", "base"))
    async with _Page(says="0 sweeps") as page:
        await page.press("i")
        await page.says("a file of yours")
        await page.press(*"gone", "enter")
        await page.says("there is no such file")
        page.app.screen.query_one(Line).value = "a whole post that was pasted here " * 9
        await page.press("enter")
        await page.says("File name too long")
        page.app.screen.query_one(Line).value = str(tmp_path / "mine.toml")
        await page.press("enter")
        await page.says("1 sweep ")
        await page.says("elsewhere")


async def test_a_rehearsal_is_kept_apart():
    path = written()
    made(jobs_in(path)["accumulate", 1])
    async with _Page(says="1/12") as page:
        await page.press("t")
        await page.says("0/12")
        await page.says("rehearsals")
        await page.press("t")
        await page.says("1/12")


async def test_a_sweep_that_cannot_be_rehearsed_is_told_to_be_so():
    # For how many that is wrong is known only once it is settled who takes part.
    written(participants="auto", topology="star", retrieval="shared")
    async with _Page(says="0/12") as page:
        await page.press("t")
        await page.says('retrieval = "shared" needs a network')
        await page.press("b")
        await page.until(lambda: "everyone reads everyone" in page.app.notice)
        await page.press("t")
        await page.says("0/12")


async def test_other_numbers_are_read_and_compared():
    partly_made(written())
    async with _Page(size=(160, 50), says="10/12") as page:
        await page.says("norm: less accumulate")
        rows = [
            line for line in page.text.split("\n") if "□ no interaction" in line and "±" in line
        ]
        # 0.85, the mean of the last two of seven norms, times 0.616, 0.6 and 0.616.
        assert " 3  +0.519" in rows[0]
        await page.press("v", "v", "v")
        await page.says("Vendi: less accumulate")
        await page.until(lambda: "more runs" not in page.text)
        # The answers are the same, and so are the numbers.
        rows = [
            line for line in page.text.split("\n") if "□ no interaction" in line and "±" in line
        ]
        assert "+0.000" in rows[0]
        assert "sure" not in rows[0]


async def test_a_run_is_read_once_however_often_the_clock_looks(monkeypatch):
    path, begun = written(seeds=(1,)), []
    for job in jobs_in(path).values():
        made(job)
    advance = Desk.advance

    def slow(desk, job):
        begun.append(job.path)
        time.sleep(0.2)
        advance(desk, job)

    monkeypatch.setattr(Desk, "advance", slow)
    async with _Page(says="3/3") as page:
        await page.press("v")
        await page.says("reading 3 more runs")
        while "more runs" in page.text:
            page.app.screen._show()
            await page.pilot.pause(0.05)
        assert len(begun) == len(set(begun)) == 3


async def test_a_run_that_cannot_be_read_is_told_once_and_keeps_no_other_waiting(monkeypatch):
    path = written(seeds=(1,))
    for job in jobs_in(path).values():
        made(job)
    tried = []

    def choosy(job):
        tried.append(job.path)
        if job.path == tried[0]:
            raise StoreError("damaged.sqlite is damaged")
        return run_result(job)

    monkeypatch.setattr("lwd_tui.tui.pages.sweeps.desk.run_result", choosy)
    async with _Page(says="3/3") as page:
        await page.press("v")
        await page.says("damaged.sqlite is damaged")
        await page.until(lambda: len(page.app.screen.desk._results) == 2)
        await page.says("late: the last third")
        await page.press("escape", "v")
        await page.pilot.pause(0.2)
        assert not page.app.notice
        assert len(tried) == len(set(tried)) == 3


@pytest.mark.parametrize("seeds", [1, 200])
async def test_one_run_and_two_hundred(seeds):
    variants = {"only": ""}
    path = written(seeds=range(seeds), variants=variants)
    made(jobs_in(path)["only", 0])
    async with _Page(says=f"1/{seeds}") as page:
        await page.says("only, seed 0: 7 of 7 steps")
        await page.says("One variant differs from none.")
        await page.press("enter", "end")
        await page.says(f"only, seed {seeds - 1}")
        page.app.screen.query_one(Cells).action_row(-1)
        await page.says("only, seed ")


async def test_hostile_text_is_tame():
    path = written(variants={"a": f"query = {HOSTILE['osc52'] + HOSTILE['closing']!a}", "b": ""})
    path.with_name("broken.toml").write_text(f"name = '{HOSTILE['closing']}'\nseeds = 7")
    async with _Page(says="2 sweeps") as page:
        assert_tame(page.app)
        await page.press("down")
        await page.pilot.pause(0.2)
        assert_tame(page.app)


async def test_without_colours_signs_and_markers_tell_the_runs(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    partly_made(written())
    async with _Page(says="10/12") as page:
        await page.says("✓ ✓ ✓ ‖")
        assert page.app.no_color
        for sign in "○□△✓‖!":
            assert page.text.count(sign) > 1


def test_a_sparkline_by_hand():
    # Four columns and four rows of dots: the diagonal, up; half of the time; what stays.
    assert sparkline(np.array([0.0, 3.0]), 1, (0.0, 3.0), 2, 1) == ["⡠⠊"]
    assert sparkline(np.array([0.0, 3.0]), 3, (0.0, 3.0), 2, 1) == ["⡸ "]
    assert sparkline(np.array([2.0, 2.0]), 1, (0.0, 2.0), 2, 2) == ["⠉⠉", "  "]
    assert sparkline(np.array([np.nan]), 1, (0.0, 2.0), 2, 1) == ["  "]


@pytest.mark.parametrize(
    ("counts", "most", "rows", "columns", "places"),
    [
        ([2, 2], 5, 1, 4, [(0, 0), (0, 1), (0, 2), (0, 3)]),
        ([2, 2], 5, 3, 2, [(0, 0), (0, 1), (1, 0), (1, 1)]),
        ([2, 2], 3, 1, 2, [(0, 0), (0, 1), (1, 0), (1, 1)]),
        ([3, 3], 2, 9, 2, [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (3, 0)]),
        ([1], 0, 0, 1, [(0, 0)]),
    ],
)
def test_variants_begin_a_row_or_stand_beside_each_other(counts, most, rows, columns, places):
    found = arranged(counts, most, rows)
    assert found.columns == columns
    assert list(found.places) == [Place(*each) for each in places]


# What it looks like


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_sweeps(tmp_path, size):
    partly_made(written())
    written("third", seeds=(7,))
    async with _Page(size=size, says="10/12") as page:
        await page.until(lambda: page.app.screen._said)
        await compare(page.app, page.pilot, f"sweeps-{size[0]}x{size[1]}", tmp_path)


async def test_sweeps_in_light(tmp_path):
    partly_made(written())
    async with _Page(says="10/12") as page:
        page.app.theme = "lwd-light"
        await page.until(lambda: page.app.screen._said)
        await compare(page.app, page.pilot, "sweeps-120x40-lwd-light", tmp_path)


@pytest.mark.parametrize("panels", [1, 4])
async def test_each_panel_alone_on_a_small_terminal(tmp_path, panels):
    partly_made(written())
    async with _Page(size=(80, 24), says="10/12") as page:
        await page.until(lambda: page.app.screen._said)
        await page.press(*["tab"] * panels)
        await compare(page.app, page.pilot, f"sweeps-80x24-panel-{panels}", tmp_path)
