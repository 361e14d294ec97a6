"""Statistics: the viewed step in a table, all steps in plots, and what they say in sentences."""

import math
import threading

import numpy as np
import pytest
from support.hostile import HOSTILE, assert_tame
from support.snapshots import compare
from support.tui import Host, handmade_run, scripted, shown, stored_run, until

from lwd_tui.analysis.arrays import UnfitData
from lwd_tui.findings.step import first_findings, step_findings
from lwd_tui.store.run import RunStore
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.statistics import findings as computing
from lwd_tui.tui.pages.statistics.findings import Findings, Margin
from lwd_tui.tui.pages.statistics.findings_table import FindingsTable
from lwd_tui.tui.pages.statistics.multiples import Multiples
from lwd_tui.tui.pages.statistics.page import AskMargin, Verdicts
from lwd_tui.tui.paging import PageEntry
from lwd_tui.tui.parts.curves import Curves
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.state.grouping import Grouping

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Open a run on the page, and wait until all is computed."""
    pages = (
        PageEntry("live", "Live", "live.page:LivePage"),
        PageEntry("statistics", "Statistics", "statistics.page:StatisticsPage"),
    )
    monkeypatch.setattr("lwd_tui.tui.app.PAGES", pages)

    def opened(size=(120, 40), run=None, theme="lwd-dark", **options):
        if run is None and not options:
            run = handmade_run(tmp_path / "kept.sqlite")
        return _Opened(Explorer(run=run, **options), size, theme)

    return opened


class _Opened:
    def __init__(self, app, size, theme):
        self.app, self.size = app, size
        app.theme = theme

    async def __aenter__(self):
        self._test = self.app.run_test(size=self.size)
        self.pilot = await self._test.__aenter__()
        await until(self.pilot, lambda: self.app.view.t is not None)
        await self.app.action_show_page("statistics")
        self.page = self.app.screen
        await until(self.pilot, lambda: self.findings is not None)
        return self

    async def __aexit__(self, *error):
        await self._test.__aexit__(*error)

    @property
    def findings(self):
        return self.page._findings

    async def until(self, condition, seconds=20):
        await until(self.pilot, condition, seconds)

    async def computed(self):
        """Wait until nothing is left to do, and all of it is shown."""
        await self.until(lambda: self.findings.whole is not None and not self.page._at_work)
        await self.pilot.pause()

    @property
    def table(self):
        return str(self.page.query_one(FindingsTable).text._content.plain)

    @property
    def words(self):
        return str(self.page.query_one(Verdicts).text._content.plain)

    def title(self):
        return str(self.page.query_one(FindingsTable).border_title)


def cells(table, row):
    line = next(line for line in table.split("\n") if line.startswith(row))
    return line.removeprefix(row).split()


async def test_the_table_shows_the_viewed_step(opened, tmp_path):
    async with opened() as page:
        await page.computed()
        assert page.title() == "statistics at t = 5"
        await page.pilot.press("comma", "comma")
        await page.until(lambda: page.title() == "statistics at t = 3")
        with RunStore.open(tmp_path / "kept.sqlite") as store:
            found = step_findings(store, store.numbers()[3])
        assert cells(page.table, "norm ") == [f"{found.numbers.norm:.3f}"]
        vendi = [found.vectors.together, *found.vectors.alone]
        assert cells(page.table, "Vendi score") == [f"{each.vendi:.3f}" for each in vendi]
        ps = [f"{test.p:.3f}" for test in found.vectors.tests]
        assert cells(page.table, "all participants") == ps
        assert f"p = {found.vectors.tests[1].p:.3g}" in page.words
        assert "t = 3, energy" in page.words


async def test_what_the_tests_test_is_said_beside_them(opened, tmp_path):
    async with opened() as page:
        await page.computed()
        assert "model and draw together" in page.words
    shared = handmade_run(tmp_path / "shared.sqlite", retrieval="shared")
    async with opened(run=shared) as page:
        await page.computed()
        assert "the models alone" in page.words


async def test_the_plots_follow_the_steps(opened):
    async with opened((200, 60)) as page:
        await page.computed()
        plots = page.page.query_one(Multiples).query("Curves")
        assert sum(plot.display for plot in plots) == 6
        norm = plots.first()._plot._curves[0]
        numbers = page.app.controller.numbers
        assert norm.values.tolist() == [each.norm_debiased for each in numbers]
        assert "6 of 6 steps computed" in shown(page.app)


async def test_the_groups_of_a_crowd_are_averaged_once_a_step_and_again_for_others(
    tmp_path, monkeypatch
):
    people = [{"name": f"p{i}", "backend": "scripted", "model": f"m{i % 3}"} for i in range(12)]
    experiment = scripted(participants=people, responses=2, steps=2)
    run = await stored_run(tmp_path / "crowd.sqlite", experiment)
    with RunStore.open(run) as store:
        found = {each.t: first_findings(store, each) for each in store.numbers()}
        dispersions = np.array([each.dispersion for each in store.numbers()])
    asked, means = [], Grouping.means
    monkeypatch.setattr(Grouping, "means", lambda *args: asked.append(1) or means(*args))
    plots = Multiples()
    async with Host(plots).run_test(size=(120, 40)):
        for order in ((0, 1, 2), (2, 1, 0)):
            grouping = Grouping("model", tuple("abc"), tuple(order[i % 3] for i in range(12)))
            asked.clear()
            # The middle step is computed last.
            for known in ((0, 2), (0, 2), (0, 1, 2), (0, 1, 2)):
                some = {t: found[t] for t in known}
                plots.show_findings(some, t=0, last=2, grouping=grouping)
            assert len(asked) == 3
            curves = plots.query_one("#over-dispersion", Curves)._plot._curves
            for place, curve in enumerate(curves):
                expected = np.nanmean(dispersions[:, order.index(place) :: 3], axis=1)
                np.testing.assert_allclose(curve.values, expected)


async def test_the_viewed_step_is_computed_first(opened, monkeypatch):
    order = []

    def recorded(store, numbers, **options):
        order.append(numbers.t)
        return step_findings(store, numbers, **options)

    monkeypatch.setattr(computing, "step_findings", recorded)
    async with opened() as page:
        await page.computed()
    assert order == [5, 0, 1, 2, 3, 4]


async def test_steps_are_computed_as_they_come(opened):
    experiment = scripted(scripted__tokens_per_second=300, steps=8)
    async with opened(experiment=experiment) as page:
        await page.until(lambda: len(page.findings.steps) >= 2)
        await page.until(lambda: page.app.progress.phase == "done")
        await page.until(lambda: len(page.findings.steps) == 9)
        await page.computed()
        assert "9 of 9 steps computed" in page.findings.state
        assert page.title() == "statistics at t = 8"


async def test_a_margin_is_stated_and_judged_by(opened, tmp_path):
    run = await stored_run(tmp_path / "a.sqlite", scripted(responses=20))
    async with opened(run=run) as page:
        await page.computed()
        assert "no margin was stated" in page.words
        assert "m: state a margin" in shown(page.app)
        await page.pilot.press("m")
        await page.pilot.press(*"1.4", "tab", "backspace", "2", "enter")
        await page.until(lambda: "not shown to be the same within 1.4" in page.words)
        assert page.findings.margin == Margin(1.4, 2)
        assert "margin 1.4 for 2 steps" in shown(page.app)
        assert "bound, all t at once" in page.table
        before = dict(page.findings.steps)
        await page.pilot.press("m")
        await page.pilot.press(*["backspace"] * 3, *"4.2", "enter")
        await page.until(lambda: "the same within 4.2, shown at t = 1" in page.words)
        # The bounds don't depend on the margin: nothing was computed again.
        assert all(page.findings.steps[t] is each for t, each in before.items())
        await page.pilot.press("M")
        await page.until(lambda: "no margin was stated" in page.words)


async def test_with_four_answers_no_margin_can_be_met(opened):
    async with opened() as page:
        await page.pilot.press("m", *"4", "enter")
        await page.until(lambda: "it can't be shown: with L = 4" in page.words)


async def test_a_margin_that_is_none_is_refused(opened):
    wrong = [("", "3"), ("-1", "3"), ("inf", "3"), ("nan", "3"), ("1", "0"), ("1", "x")]
    async with opened() as page:
        await page.pilot.press("m")
        await page.until(lambda: isinstance(page.app.screen, AskMargin))
        for norm, window in wrong:
            for name, text in (("norm", norm), ("window", window)):
                page.app.screen.query_one(f"#{name}", Line).value = text
            await page.pilot.press("enter")
            complaint = "more than 0" if window == "3" else "at least 1"
            await page.until(lambda complaint=complaint: complaint in shown(page.app))
        await page.pilot.press("escape")
        assert page.findings.margin is None


async def test_the_longer_run_that_is_opened_meanwhile_ends_the_work_on_the_one_before(
    opened, tmp_path, monkeypatch
):
    waits, begun = threading.Event(), threading.Event()

    def held_up(store, *more):
        begun.set()
        waits.wait(20)
        return step_findings(store, *more)

    monkeypatch.setattr("lwd_tui.tui.pages.statistics.findings.step_findings", held_up)
    short = handmade_run(tmp_path / "short.sqlite", stop_after=2)
    long = handmade_run(tmp_path / "long.sqlite", stop_after=6)
    async with opened(run=short) as page:
        await page.until(begun.is_set)
        await page.app.action_show_page("live")
        await page.app.open(long).wait()
        waits.set()
        await page.pilot.pause(0.3)
        await page.app.action_show_page("statistics")
        await page.until(lambda: page.findings.run.path == long and len(page.findings.steps) == 6)


async def test_one_panel_alone_and_all_again(opened):
    async with opened() as page:
        await page.computed()
        verdicts = page.page.query_one(Verdicts)
        assert verdicts.display
        await page.pilot.press("o")
        await page.until(lambda: not verdicts.display)
        page.page.choose("multiples")
        await page.until(lambda: page.page.query_one(Multiples).has_class("-six"))
        await page.pilot.press("o")
        await page.until(lambda: verdicts.display)


async def test_a_step_that_can_not_be_computed_is_said_to_be(opened, monkeypatch):
    def failing(store, numbers, **options):
        if numbers.t == 2:
            raise UnfitData("row 3 holds NaN")
        return step_findings(store, numbers, **options)

    monkeypatch.setattr(computing, "step_findings", failing)
    async with opened() as page:
        await page.until(lambda: len(page.findings.steps) == 5 and not page.page._at_work)
        assert page.findings.whole is None
        assert "t = 2 can't be computed: row 3 holds NaN" in shown(page.app)
        monkeypatch.setattr(computing, "step_findings", step_findings)
        await page.pilot.press("e")
        await page.computed()
        assert "6 of 6 steps computed" in shown(page.app)


@pytest.mark.parametrize(
    "changes",
    [{"responses": 1}, {"participants": [{"name": "ada", "backend": "scripted", "model": "ada"}]},
     {"scripted__failures": 0.8, "max_attempts": 1}],
)  # fmt: skip
async def test_degenerate_runs(opened, tmp_path, changes):
    run = await stored_run(tmp_path / "odd.sqlite", scripted(steps=2, **changes))
    async with opened(run=run) as page:
        await page.computed()
        assert "3 of 3 steps computed" in shown(page.app)
        assert "nan" not in shown(page.app)


async def test_without_a_run(opened):
    app = Explorer(page="statistics")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "No run is open." in shown(app))
        await pilot.press("m")
        await until(pilot, lambda: "could be the same" in shown(app))


async def test_hostile_texts_are_tame(opened, tmp_path):
    texts = list(HOSTILE.values())
    changes = {f"participants__{i}__name": texts[i][:60].strip() for i in range(3)}
    changes |= {f"posts__{i}__text": texts[2 * i] for i in range(6)}
    changes |= {f"posts__{i}__author": texts[2 * i + 1] for i in range(6)}
    run = handmade_run(tmp_path / "a.sqlite", stop_after=3, texts=texts, **changes)
    async with opened((200, 60), run=run) as page:
        await page.computed()
        assert "nearest to the centre" in page.words
        assert_tame(page.app)


async def test_another_run_takes_the_place(opened, tmp_path):
    async with opened() as page:
        await page.computed()
        other = handmade_run(tmp_path / "other.sqlite", stop_after=2)
        page.app.open(other)
        await page.until(lambda: page.findings is not None and page.findings.run.path == other)
        await page.computed()
        assert "2 of 2 steps computed" in shown(page.app)
        assert page.title() == "statistics at t = 1"


class _Run:
    """As much of a run as the statistics ask for."""

    query = 0

    def __init__(self, path):
        self.path = path
        with RunStore.open(path) as store:
            self.numbers, self.experiment = store.numbers(), store.experiment


async def test_nothing_is_computed_from_the_numbers_of_another_query(tmp_path):
    run = _Run(handmade_run(tmp_path / "a.sqlite", stop_after=2))
    findings = Findings(run)
    run.query = 1
    assert not await findings.advance(None, busy=False)
    assert not findings.steps
    run.query = 0
    assert await findings.advance(None, busy=False)


async def test_a_run_that_goes_on_is_judged_now_and_then(tmp_path):
    run = _Run(handmade_run(tmp_path / "a.sqlite", stop_after=6))
    every, run.numbers = run.numbers, run.numbers[:5]
    findings = Findings(run)
    while await findings.advance(None, busy=True):
        pass
    first = findings.whole
    run.numbers = every
    assert await findings.advance(5, busy=True)
    assert math.isnan(findings.steps[5].upper_bound)
    # Six steps are more than a tenth longer than five.
    assert await findings.advance(5, busy=True)
    assert findings.whole is not first
    assert not await findings.advance(5, busy=True)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["lwd-dark", "lwd-light"])
async def test_pictures(opened, tmp_path, size, theme):
    async with opened(size, theme=theme) as page:
        await page.computed()
        name = f"statistics-{size[0]}x{size[1]}-{theme}"
        await compare(page.app, page.pilot, name, tmp_path)


@pytest.mark.parametrize("panel", ["multiples", "verdicts"])
async def test_pictures_of_each_panel_alone(opened, tmp_path, panel):
    async with opened((80, 24)) as page:
        await page.computed()
        page.page.choose(panel)
        await page.pilot.pause(0.3)
        name = f"statistics-80x24-{panel}"
        await compare(page.app, page.pilot, name, tmp_path)


def crowd(n, responses=2, models=3):
    return scripted(
        participants=[
            {"name": f"m{i}", "backend": "scripted", "model": f"s{i % models}"} for i in range(n)
        ],
        responses=responses,
        steps=2,
    )


async def test_of_a_crowd_what_is_quick_comes_first_of_all_steps_and_is_the_same(tmp_path):
    run = _Run(await stored_run(tmp_path / "crowd.sqlite", crowd(12, responses=4)))
    told = []
    findings = Findings(run, tell=lambda: told.append(findings.state))
    for t in (2, 0, 1):
        assert await findings.advance(2, busy=False)
        assert t in findings.steps
    first = dict(findings.steps)
    assert not any(found.vectors.tests for found in first.values())
    assert "follow" in findings.why_untested(2)
    assert await findings.advance(2, busy=False)
    assert findings.whole is not None
    # Nothing is tested while the run needs the processor.
    assert not await findings.advance(2, busy=True)
    while await findings.advance(2, busy=False):
        pass
    assert "testing t = 2; 3 of 3 steps computed, tests of 0" in told
    assert findings.state == "3 of 3 steps computed"
    with RunStore.open(run.path) as store:
        for numbers in run.numbers:
            then, now = first[numbers.t], findings.steps[numbers.t]
            whole = step_findings(store, numbers)
            assert [test.p for test in now.vectors.tests] == [t.p for t in whole.vectors.tests]
            assert not findings.why_untested(numbers.t)
            np.testing.assert_allclose(
                then.vectors.pairs.squares, whole.vectors.pairs.squares, atol=1e-6
            )
            assert then.vectors.partition == whole.vectors.partition
            assert (then.texts, then.human) == (whole.texts, whole.human)
            assert then.upper_bound == pytest.approx(whole.upper_bound, nan_ok=True)


async def test_beyond_a_hundred_participants_it_is_said_what_is_left_out(opened, tmp_path):
    run = await stored_run(tmp_path / "crowd.sqlite", crowd(101))
    async with opened(run=run) as page:
        await page.computed()
        assert "left out, as they take hours for 101 participants" in page.table
        assert "3 of 3 steps computed, without tests" in page.findings.state
        assert cells(page.table, "answers") == ["202", "68", "68", "66"]


async def test_a_crowd_has_a_column_for_each_group(opened, tmp_path):
    run = await stored_run(tmp_path / "crowd.sqlite", crowd(12, responses=4))
    async with opened(run=run) as page:
        await page.computed()
        await page.until(lambda: not page.findings.why_untested(2))
        await page.until(lambda: "pairs differ" in page.table)
        with RunStore.open(run) as store:
            found = step_findings(store, store.numbers()[2])
        vendi = [each.vendi for each in found.vectors.alone]
        means = [np.mean(vendi[group::3]) for group in range(3)]
        wanted = [f"{each:.3f}" for each in (found.vectors.together.vendi, *means)]
        assert cells(page.table, "Vendi score") == wanted
        pairs = [int((test.pair_holm <= 0.05).sum()) // 2 for test in found.vectors.tests]
        assert cells(page.table, "of 66 pairs differ") == list(map(str, pairs))
