"""The run as it goes, and any step of it again."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.content import Content

from lwd_tui.tui.pages.live.by_hand import post_by_hand
from lwd_tui.tui.pages.live.crowd_table import CrowdTable
from lwd_tui.tui.pages.live.dispersion import DispersionCurve
from lwd_tui.tui.pages.live.distances import Distances, highest_of
from lwd_tui.tui.pages.live.feed import Feed
from lwd_tui.tui.pages.live.heat_map import sorted_distances
from lwd_tui.tui.pages.live.numbers import Numbers
from lwd_tui.tui.pages.live.participants import Participants
from lwd_tui.tui.pages.live.pictures import Course, course_of, picture
from lwd_tui.tui.pages.live.scatter import Scatter
from lwd_tui.tui.pages.panelled import PanelledPage
from lwd_tui.tui.parts.network_line import NetworkLine
from lwd_tui.tui.parts.norm_curve import NormCurve
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.parts.words import Words
from lwd_tui.tui.state.controller import RunController
from lwd_tui.tui.state.grouping import NO_CROWD, Grouping, chosen, groupings
from lwd_tui.tui.state.progress import Progress
from lwd_tui.tui.state.view import View
from lwd_tui.types import Post, Response, Step

_PAINTED = 0.03
"""Seconds after which a step is painted, but for what takes longer to work out."""
_NOTHING = {
    "none": "no run is open: 1 sets one up, 6 opens a stored one",
    "opening": "the models are being made ready; the first step follows",
}


class LivePage(PanelledPage):
    """All that a step comes to; one panel at a time where the terminal is small."""

    DEFAULT_CSS = """
    LivePage {
        #grid { grid-size: 12 2; grid-rows: 3fr 2fr; height: 1fr; }
        #norm, #scatter { column-span: 6; }
        #participants { column-span: 5; }
        #distances { column-span: 3; }
        #internet { column-span: 4; }
        .-extra { display: none; }
        #nothing { display: none; height: 1fr; content-align: center middle; color: $quiet; }

        &.-wide.-tall {
            .-extra { display: block; }
            #norm, #scatter, #dispersion { column-span: 4; }
            #participants { column-span: 4; }
            #distances { column-span: 3; }
            #internet { column-span: 3; }
            #numbers { column-span: 2; }
        }
        &.-narrow, &.-short, &.-single {
            #panels { display: block; }
            #grid { grid-size: 1 1; grid-rows: 1fr; }
            Panel { display: none; column-span: 1; }
            Panel.-chosen { display: block; }
        }
        &.-empty {
            #nothing { display: block; }
            #panels, #grid { display: none; }
        }
    }
    """
    PANELS = (
        ("norm", "norm"),
        ("scatter", "scatter"),
        ("participants", "participants"),
        ("distances", "distances"),
        ("internet", "posts"),
        ("dispersion", "dispersion"),
        ("numbers", "numbers"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "post", "post", id="live.post"),
        Binding("i", "inspect", "inspect", id="live.inspect"),
        Binding("F", "app.fork", "fork at this step", id="live.fork", show=False),
        Binding("tab", "next_panel(1)", "next panel", id="live.next", show=False),
        Binding("shift+tab", "next_panel(-1)", "panel before", id="live.previous", show=False),
        Binding("o", "single", "one panel / all", id="live.single", show=False),
        Binding("b", "basis", "turned to the last / one plane", id="live.basis", show=False),
        Binding("f", "axes", "axes held / fitted", id="live.axes", show=False),
        Binding("slash", "filter", "find", id="live.filter", key_display="/"),
        Binding("v", "regroup", "group by", id="live.groups"),
        Binding("c", "sort", "sort by the next column", id="live.sort", show=False),
        Binding("C", "turn_round", "sort the other way round", id="live.turn", show=False),
    ]
    GLOSSARY = (
        "t", "norm", "debiased", "floor", "scatter", "explained", "distances", "dispersion",
        "crowd", "centre", "posts", "size", "synthetic", "k", "queries",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.add_class("-empty")
        self._first: Step | None = None
        self._course = Course()
        self._groupings: tuple[Grouping, ...] = (NO_CROWD,)

    def compose_panels(self) -> ComposeResult:
        """Yield the panels, and what is said in their place while no run is open."""
        yield Words(Content(_NOTHING["none"]), id="nothing")
        with Grid(id="grid"):
            yield NormCurve(id="norm")
            yield Scatter(id="scatter")
            yield DispersionCurve(id="dispersion")
            yield Participants(id="participants")
            yield Distances(id="distances")
            with Panel(id="internet").add_class("panel"):
                yield NetworkLine()
                yield Feed()
            yield Numbers(id="numbers")

    def on_mount(self) -> None:
        """Say which panels wait for a large terminal."""
        self.query("#dispersion, #numbers").add_class("-extra")

    # What is shown

    def show_run(self, run: RunController | None) -> None:
        """Show another run, and nothing of the steps of the one before."""
        for group in ("first", "course"):
            self.workers.cancel_group(self, group)
        self._first, self._course = None, Course()
        self.set_class(run is None, "-empty")
        if run is None:
            return
        experiment = run.experiment
        names = [who.name for who in experiment.cast]
        self._groupings = groupings(experiment)
        self.query_one(NormCurve).show_run(
            run.numbers, experiment.steps, experiment.scale_of(run.query)
        )
        self.query_one(DispersionCurve).show_run(run.numbers, experiment.steps, self._grouping)
        participants = self.query_one(Participants)
        if self._grouping.crowd:
            participants.show_crowd(experiment.cast, self._grouping, experiment.responses)
        else:
            participants.show_names(names, experiment.responses)
        participants.queries = len(experiment.queries)
        self.query_one(Scatter).empty()
        self.query_one(Scatter).show_cast(names, self._grouping)
        self.query_one(Distances).empty()
        self.query_one(Numbers).empty()
        self.query_one(NetworkLine).show(experiment)
        self._show_feed(run)

    def _show_feed(self, run: RunController) -> None:
        names, grouping = [who.name for who in run.experiment.cast], self._grouping
        authors = dict(zip(names, grouping.of, strict=True))
        self.query_one(Feed).show_posts(run.posts, authors, named=grouping.crowd)

    @property
    def _grouping(self) -> Grouping:
        """Who is drawn alike."""
        return chosen(self._groupings, self.explorer.memory.groups)

    def show_view(self, view: View) -> None:
        """Show another step."""
        run, step = self.run, view.step
        self.query_one(NormCurve).show_step(view.t)
        self.query_one(DispersionCurve).show_step(view.t)
        if run is None or step is None:
            return
        if step.t == 0:
            self._first = step
        if self._first is None:
            self._load_first(run)
        # Of a run that is followed, what went by unseen isn't read again with each step.
        if not self._course.means or not (view.following or self._course.knows(step.t)):
            self._load_course(run)
        self.query_one(Numbers).show_step(step)
        self._show_geometry(step)
        self._show_participants()
        self._show_internet()

    def show_progress(self, progress: Progress) -> None:
        """Show where the run is."""
        if self.run is None:
            opening = progress.phase == "opening"
            self.query_one("#nothing", Words).put(
                Content(_NOTHING["opening" if opening else "none"])
            )
            return
        self._show_participants()
        self._show_internet()

    def show_posts(self) -> None:
        """Show posts that no step brought."""
        self._show_internet()

    def _show_participants(self) -> None:
        view, progress = self.view, self.explorer.progress
        at_work = progress.phase in ("asking", "embedding")
        work = progress if view.following and at_work else None
        self.query_one(Participants).show(view.step, work)

    def _show_internet(self) -> None:
        step, panel = self.view.step, self.query_one("#internet", Panel)
        self.query_one(Feed).show_until(None if self.view.following or step is None else step.t)
        if step is None:
            panel.head("the Internet")
            return
        remark = f", {step.synthetic / step.size:.0%} synthetic" if step.size else ""
        if queued := self.explorer.progress.queued:
            remark = f" · {queued} by hand waits"
        panel.head("the Internet", f"|A({step.t})| = {step.size}{remark}")

    def _show_geometry(self, step: Step) -> None:
        geometry, memory, first = step.geometry, self.explorer.memory, self._first
        if geometry is None:
            return
        crowd = self._grouping.crowd
        if crowd:
            self._show_distances_of_many(step)
        else:
            distances = [
                each.geometry.distances for each in (step, first) if each and each.geometry
            ]
            self.query_one(Distances).show_distances(
                geometry.distances, highest_of(distances), step.t
            )
        shown = picture(
            step, self._course, held=memory.axes == "held", followed=() if crowd else None
        )
        if shown is not None:
            scale = "one scale for all t" if memory.axes == "held" else "axes fitted"
            self.query_one(Scatter).show_picture(shown, f"{scale} · a plays")
        if crowd:
            self._show_selected()

    # Textual would write out the whole step to describe the work.
    @work(exclusive=True, group="distances", description="distances")
    async def _show_distances_of_many(self, step: Step) -> None:
        """Sort the distances of a step off the screen's thread, and show them."""
        # What is painted first isn't kept waiting by it, and steps that go by fast are left out.
        await asyncio.sleep(_PAINTED)
        first = self._first
        distances = [each.geometry.distances for each in (step, first) if each and each.geometry]
        found = await asyncio.to_thread(sorted_distances, *distances)
        if step is not self.view.step:
            return
        self.query_one(Distances).show_crowd(found, self._grouping, step.t)
        self.query_one(Participants).show_centre(found.centre)

    @on(CrowdTable.Selected)
    def _show_selected(self) -> None:
        """Let the participant under the table's cursor stand out in all pictures."""
        if not self._grouping.crowd:
            return
        selected = self.query_one(Participants).table.selected
        t = self.view.t
        trail = self._course.trail(selected, t if t is not None else -1)
        self.query_one(Scatter).select(selected, trail)
        self.query_one(Distances).map.select(selected)
        self.query_one(DispersionCurve).select(selected)

    @work(exclusive=True, group="first")
    async def _load_first(self, run: RunController) -> None:
        """Get the step that sets the width of the axes."""
        query = run.query
        first = await self.asked(run.archive.step(0))
        if self._is_shown(run, query):
            self._first = first
            self._show_again()

    @work(exclusive=True, group="course")
    async def _load_course(self, run: RunController) -> None:
        """Get where the answers of all steps lie, with the file opened anew: steps are read too."""
        common, query = self.explorer.memory.basis == "common", run.query
        course = await self.asked(asyncio.to_thread(course_of, run.path, query, common=common))
        if course is not None and self._is_shown(run, query):
            self._course = course
            self._show_again()

    def _is_shown(self, run: RunController, query: int) -> bool:
        """Whether it is this run still, and these answers, that what was read is of."""
        return run is self.run and query == run.query

    def _show_again(self) -> None:
        if self.view.step is not None:
            self._show_geometry(self.view.step)

    # Keys

    @property
    def first_panel(self) -> str:
        """The panel that was chosen last."""
        wanted = self.explorer.memory.panel
        return wanted if wanted in dict(self.PANELS) else super().first_panel

    def choose(self, panel: str, *, focus: bool = True) -> None:
        """Show a panel where they stand alone, and remember it."""
        self.explorer.memory.panel = panel
        super().choose(panel, focus=focus)

    def action_next_panel(self, steps: int) -> None:
        """Go to the next panel: show it where panels stand alone, and give it the focus."""
        names = [name for name, _ in self.PANELS]
        if not self.one_at_a_time:
            names = [name for name in names if self.query_one(f"#{name}").display]
        here = self.first_panel if self.first_panel in names else names[0]
        self.choose(names[(names.index(here) + steps) % len(names)])

    def action_basis(self) -> None:
        """Lay the answers flat in the other way."""
        memory = self.explorer.memory
        memory.basis = "aligned" if memory.basis == "common" else "common"
        # A plane that is asked for again is that of all steps there are by then.
        if self.run is not None:
            self._load_course(self.run)

    def action_axes(self) -> None:
        """Hold the axes of the scatter, or fit them to the step."""
        memory = self.explorer.memory
        memory.axes = "fitted" if memory.axes == "held" else "held"
        self._show_again()

    @work(exclusive=True, group="post")
    async def action_post(self) -> None:
        """Post by hand."""
        await post_by_hand(self)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Offer to inspect only where there is a page for it, and of a crowd what it has alone."""
        if action in ("filter", "sort", "turn_round"):
            return self._grouping.crowd
        if action == "regroup":
            return len(self._groupings) > 1
        return "inspect" in self.explorer.pages if action == "inspect" else True

    def action_filter(self) -> None:
        """Filter the table of a crowd by words."""
        self.choose("participants", focus=False)
        self.query_one(Participants).table.begin_filter()

    def action_sort(self) -> None:
        """Sort the table of a crowd by its next column."""
        self.query_one(Participants).table.sort_by_next()

    def action_turn_round(self) -> None:
        """Sort the table of a crowd the other way round."""
        self.query_one(Participants).table.turn_round()

    def action_regroup(self) -> None:
        """Group a crowd by what else splits it."""
        if self.run is None:
            return
        place = self._groupings.index(self._grouping)
        self.explorer.memory.groups = self._groupings[(place + 1) % len(self._groupings)].by
        names = [who.name for who in self.run.experiment.cast]
        self.query_one(Participants).table.show_grouping(self._grouping)
        self.query_one(Scatter).show_cast(names, self._grouping)
        self.query_one(DispersionCurve).show_grouping(self._grouping)
        self._show_feed(self.run)
        self.catch_up()

    async def action_inspect(self) -> None:
        """Look closely at what is under the cursor, a post or a participant, or at the step."""
        feed, table = self.query_one(Feed), self.query_one(Participants).table
        subject: Post | Response | None = feed.chosen if feed.has_focus else None
        if table.lines.has_focus and self.view.step is not None:
            answers = self.view.step.responses
            mine = (each for each in answers if each.participant == table.selected)
            subject = next(mine, None)
        await self.explorer.inspect(subject)

    @on(Rows.Chosen)
    async def _look_at_chosen(self) -> None:
        if "inspect" in self.explorer.pages:
            await self.action_inspect()
