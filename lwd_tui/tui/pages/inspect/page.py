"""Any answer of the run: what was read before it, what became of it, and another beside it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal

from lwd_tui.findings.lineage import follow
from lwd_tui.text import shorten
from lwd_tui.tui.pages.inspect.answer import Answer
from lwd_tui.tui.pages.inspect.finder import Finder
from lwd_tui.tui.pages.inspect.followed import Followed
from lwd_tui.tui.pages.inspect.outline import Outline
from lwd_tui.tui.pages.inspect.reading import Reading
from lwd_tui.tui.pages.inspect.sheets import FOUND, Place, Sheet, compared, hits_of, sheet_at
from lwd_tui.tui.pages.panelled import PanelledPage
from lwd_tui.tui.state.archive import ask_anew
from lwd_tui.tui.state.controller import RunController
from lwd_tui.tui.state.grouping import chosen, groupings
from lwd_tui.tui.state.progress import Progress
from lwd_tui.tui.state.view import View
from lwd_tui.types import Post, Response, Step

_KEYSTROKE = 0.15


class InspectPage(PanelledPage):
    """Left the answers, in the middle what was read or what became of a post, right the answer."""

    DEFAULT_CSS = """
    InspectPage {
        #columns { height: 1fr; }
        #finder { width: 32; }
        #middle, #right { width: 1fr; }
        #followed, #pinned { display: none; }
        &.-pinned #pinned { display: block; }
        &.-pinned #right { layout: horizontal; width: 2fr; }
        &.-normal.-pinned #middle { display: none; width: 40; }
        &.-normal.-pinned.-reading #finder { display: none; }
        &.-normal.-pinned.-reading #middle { display: block; }
        &.-wide #finder { width: 44; }
        &.-narrow #panels { display: block; }
        &.-narrow .panel { display: none; }
        &.-narrow #finder, &.-narrow #right { width: 1fr; }
        &.-narrow .-chosen { display: block; }
    }
    """
    AUTO_FOCUS = "Outline"
    PANELS = (("finder", "answers"), ("middle", "what it read"), ("right", "answer"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", id="inspect.search", key_display="/"),
        Binding("f", "follow", "follow post", id="inspect.follow"),
        Binding("b,backspace", "back", "back", id="inspect.back", key_display="b"),
        Binding("m", "pin", "pin", id="inspect.pin"),
        Binding("escape", "let_go", "let go of the pinned answer", id="inspect.unpin", show=False),
        Binding("d", "first_and_last", "first & last", id="inspect.ends"),
        Binding("e", "prompt", "prompt", id="inspect.prompt"),
        Binding("n", "next_answer(1)", "next answer", id="inspect.next", show=False),
        Binding("N", "next_answer(-1)", "answer before", id="inspect.previous", show=False),
        Binding("F", "app.fork", "fork at this step", id="inspect.fork", show=False),
    ]
    GLOSSARY = (
        "t", "norm", "k", "age", "prompt", "seed", "attempts", "mean_distance", "following",
        "alike", "differences",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._place: Place | None = None
        self._past: list[Place] = []
        self._sheet: Sheet | None = None
        self._pinned: Sheet | None = None
        self._came_from: Post | None = None
        self._shown_number = -1

    def compose_panels(self) -> ComposeResult:
        """Yield the three columns."""
        with Horizontal(id="columns"):
            yield Finder(id="finder")
            with Container(id="middle", classes="panel"):
                yield Reading(id="reading")
                yield Followed(id="followed")
            with Container(id="right", classes="panel"):
                yield Answer(id="pinned")
                yield Answer(id="answer")

    def on_mount(self) -> None:
        """Say that there is no run yet, and watch what other pages ask to look at."""
        self.show_run(None)
        self.watch(self.app, "subject", self.catch_up, init=False)

    def catch_up(self) -> None:
        """Show what changed, and go to what another page asked for."""
        super().catch_up()
        if self.is_current and self.is_mounted and self.run is not None:
            subject, self.explorer.subject = self.explorer.subject, None
            if subject is not None:
                self._look_at(subject)

    def choose(self, panel: str, *, focus: bool = True) -> None:
        """Show a panel; beside two answers, the list and what was read take turns."""
        if panel != "right":
            self.set_class(panel == "middle", "-reading")
        super().choose(panel, focus=focus)

    # What is shown

    def show_run(self, run: RunController | None) -> None:
        """Show another run, or that there is none; of another query, the same place."""
        # What is still being read is of the one before.
        for group in ("answer", "ends", "follow", "prompt", "search"):
            self.workers.cancel_group(self, group)
        same = run is not None and run.number == self._shown_number
        self._place = replace(self._place, post=None) if same and self._place else None
        self._shown_number = run.number if run else -1
        self._sheet = self._pinned = self._came_from = None
        self._past.clear()
        self.remove_class("-pinned")
        finder = self.query_one(Finder)
        finder.leave()
        finder.outline.nothing = "no step is whole yet" if run else "no run is open"
        finder.outline.show_run(tuple(self._authors), run.numbers if run else ())
        self._show_middle(None)
        self.query_one(Reading).show_posts((), {}, 0, "what it read")
        hint = "" if run else "Open a stored run on the page of runs, or begin one."
        self.query_one("#answer", Answer).show_nothing("answer", hint)

    def show_view(self, view: View) -> None:
        """Show another step: the same response of it, or what was gone to."""
        if view.step is not None and self.run is not None:
            self._place = (self._place or Place(0, 0, 0)).within(view.step)
            self._show_place()

    def show_progress(self, _: Progress) -> None:
        """Show the steps that became whole."""
        self.query_one(Outline).grow()

    def show_posts(self) -> None:
        """Show what was read once more: of a stored run, the posts come a moment after it."""
        self._show_place()

    @property
    def _authors(self) -> dict[str, int]:
        """Whose marker and colour each participant has, by name, in their order."""
        if self.run is None:
            return {}
        experiment = self.run.experiment
        signs = chosen(groupings(experiment), self.explorer.memory.groups).of
        return {who.name: sign for who, sign in zip(experiment.cast, signs, strict=True)}

    def _show_place(self) -> None:
        place, step, run = self._place, self.view.step, self.run
        if place is None or step is None or run is None:
            return
        outline = self.query_one(Outline)
        outline.signs = tuple(self._authors.values())
        outline.show_step(step, place.participant, place.index)
        self._show_middle(place.post)
        self._show_reading(run, step, place)
        self._show_answer(step, place)

    def _show_middle(self, post: Post | None) -> None:
        """Show the post that is followed, or what was read."""
        reading, followed = self.query_one(Reading), self.query_one(Followed)
        moved = reading.display == (post is not None)
        within = reading.has_focus_within or followed.has_focus_within
        reading.display, followed.display = post is None, post is not None
        if moved and (within or post is not None):
            self.choose("middle")

    def _show_reading(self, run: RunController, step: Step, place: Place) -> None:
        draw = step.draw_for(place.participant, place.index)
        if draw is None:
            return
        name = shorten(run.experiment.cast[place.participant].name, 24)
        reading = self.query_one(Reading)
        title = f"read by {name} at t = {step.t} · {len(draw.posts)} of {step.size}"
        reading.show_posts(
            [run.posts[i] for i in draw.posts if i < len(run.posts)], self._authors, step.t, title
        )
        if self._came_from is not None:
            reading.point(self._came_from.id)
            self._came_from = None
        if reading.unfolded:
            self._load_prompt(run, place)

    @work(exclusive=True, group="answer")
    async def _show_answer(self, step: Step, place: Place) -> None:
        """Measure, compare, and show the answer and the pinned one together."""
        sheet, pinned = await self._sheet_at(step, place), self._pinned
        if sheet is None:
            return
        self._sheet = sheet
        answer, beside = self.query_one("#answer", Answer), self.query_one("#pinned", Answer)
        if pinned is None:
            answer.show_sheet(sheet)
        else:
            found = await asyncio.to_thread(compared, sheet.response.text, pinned.response.text)
            share = f"{found.share:.0%} of the words in common"
            with self.app.batch_update():
                answer.show_sheet(sheet, found.one, share)
                beside.show_sheet(pinned, found.other, "pinned; esc lets it go")
        self.set_class(pinned is not None, "-pinned")

    async def _sheet_at(self, step: Step, place: Place) -> Sheet | None:
        if self.run is None:
            return None
        return await asyncio.to_thread(sheet_at, step, place, self._authors)

    # Going somewhere, and back

    def _go(self, place: Place, *, remember: bool = True) -> None:
        """Look at something else, and remember where we were."""
        if remember and self._place is not None and place != self._place:
            self._past.append(self._place)
        self._place = place
        if place.t == self.view.t:
            self._show_place()
        else:
            self.explorer.action_scrub_to(place.t)

    def _look_at(self, subject: Post | Response) -> None:
        """Follow a post, or go to an answer."""
        if isinstance(subject, Post):
            self._follow(subject)
        else:
            self._go(Place(subject.t, subject.participant, subject.index))

    def action_back(self) -> None:
        """Go back to what was looked at before."""
        if not self._past:
            self.explorer.notice = "there is nothing to go back to"
            return
        place = self._past.pop()
        self._go(place, remember=False)
        if place.post is not None:
            self._look_for(place.post)

    @on(Outline.Opened)
    def _open_step(self, event: Outline.Opened) -> None:
        if self._place is not None:
            self._go(replace(self._place, t=event.t, post=None), remember=False)

    @on(Outline.Pointed)
    def _point(self, event: Outline.Pointed) -> None:
        if self._place is not None:
            t = self._place.t if self.view.t is None else self.view.t
            self._go(Place(t, event.participant, event.index), remember=False)
            if event.chosen and self.one_at_a_time:
                self.choose("right")

    def action_next_answer(self, steps: int) -> None:
        """Show the next answer of the step, whoever gave it."""
        step, place = self.view.step, self._place
        if step is None or place is None:
            return
        answers = [(answer.participant, answer.index) for answer in step.responses]
        here = answers.index((place.participant, place.index))
        self._go(Place(step.t, *answers[(here + steps) % len(answers)]), remember=False)

    # Following a post

    def action_follow(self) -> None:
        """Follow the post under the cursor, or the one that the answer became."""
        reading, place, run = self.query_one(Reading), self._place, self.run
        if place is None or run is None or self._sheet is None:
            self.explorer.notice = "there is no answer yet that could be followed"
        elif place.post is not None:
            self.explorer.notice = "this post is followed already; choose a line, or go back (b)"
        elif reading.has_focus_within and reading.chosen is not None:
            self._follow(reading.chosen)
        elif (posted := self._sheet.post) is None:
            self.explorer.notice = (
                "this answer was not posted, so nobody read it; a post that it read can be "
                "followed: tab goes there"
            )
        elif posted < len(run.posts):
            self._follow(run.posts[posted])
        else:
            self.explorer.notice = "the posts are still being read"

    @on(Reading.Followed)
    def _follow_read(self, event: Reading.Followed) -> None:
        self._follow(event.post)

    def _follow(self, post: Post) -> None:
        if self._place is not None:
            self.explorer.notice = ""
            self._go(replace(self._place, post=post))
            self._look_for(post)

    @work(exclusive=True, group="follow")
    async def _look_for(self, post: Post) -> None:
        """Show a post at once, and look through the run for what became of it."""
        run, place = self.run, self._place
        if run is None or place is None:
            return
        followed = self.query_one(Followed)
        followed.show_post(post, self._authors, place.t)
        # With the file opened anew: the steps are read meanwhile, and this may take a second.
        found = await self.asked(ask_anew(run.path, lambda store: follow(store, post), run.query))
        if found is not None and self._place is not None and self._place.post == post:
            followed.show_following(found, self._authors)

    @on(Followed.Left)
    def _leave_post(self, event: Followed.Left) -> None:
        if self._place is not None:
            self._came_from = self._place.post
            self._go(Place(event.t, event.participant, event.index))

    # Pinning

    def action_pin(self) -> None:
        """Keep this answer beside those that follow, or let it go."""
        if self._sheet is not None:
            same = self._pinned is not None and self._pinned.response == self._sheet.response
            self._pinned = None if same else self._sheet
            self._show_place()

    def action_let_go(self) -> None:
        """Show one answer only."""
        self._pinned = None
        self._show_place()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Take the key only while there is something to let go; a notice goes first."""
        return action != "let_go" or (self._pinned is not None and not self.explorer.notice)

    @work(exclusive=True, group="ends")
    async def action_first_and_last(self) -> None:
        """Show the first and the last step's answer of a participant, or let the first go."""
        run, place, pinned = self.run, self._place, self._pinned
        if run is None or place is None or not run.numbers:
            return
        last = run.numbers[-1].t
        if last == 0:
            self.explorer.notice = "one step is whole so far: there is nothing to compare it with"
            return
        both = place.t == last and pinned is not None and pinned.place == replace(place, t=0)
        if both and self.query_one("#right").display:
            self.action_let_go()
            return
        step = await self.asked(run.archive.step(0))
        if step is not None:
            self._pinned = await self._sheet_at(step, replace(place, t=0))
            self._go(replace(place, t=last, post=None))
            if self.one_at_a_time:
                self.choose("right")

    # The prompt

    def action_prompt(self) -> None:
        """Show the exact prompt, or fold it away."""
        reading, place = self.query_one(Reading), self._place
        if place is None or self.run is None:
            return
        if followed := place.post is not None:
            self._go(replace(place, post=None))
        reading.unfold(followed or not reading.unfolded)
        if reading.unfolded:
            self._load_prompt(self.run, replace(place, post=None))
            if not self.query_one("#middle").display:
                self.choose("middle")

    @work(exclusive=True, group="prompt")
    async def _load_prompt(self, run: RunController, place: Place) -> None:
        answer = place.t, place.participant, place.index
        prompt = await self.asked(run.archive.ask(lambda store: store.prompt(*answer)))
        if prompt is not None and place == self._place:
            self.query_one(Reading).show_prompt(prompt)

    # Searching

    def action_search(self) -> None:
        """Write what to search for."""
        self.choose("finder", focus=False)
        self.query_one(Finder).search()

    @on(Finder.Searched)
    @work(exclusive=True, group="search")
    async def _search(self, event: Finder.Searched) -> None:
        # The next letter may come meanwhile, and end this.
        await asyncio.sleep(_KEYSTROKE)
        if self.run is not None:
            found = await self.asked(self.run.archive.ask(partial(hits_of, words=event.words)))
            if found is not None:
                self.query_one(Finder).show_hits(found, self._authors, event.words, FOUND)

    @on(Finder.Found)
    def _go_to_hit(self, event: Finder.Found) -> None:
        self._look_at(event.hit)
        if isinstance(event.hit, Response) and self.one_at_a_time:
            self.choose("right")
