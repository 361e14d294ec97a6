"""The app's part that chooses the viewed step, whatever the run is doing."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.timer import Timer

from lwd_tui.text import clean_line
from lwd_tui.tui.parts.scrubber import Scrubber
from lwd_tui.tui.running import Running
from lwd_tui.tui.state.view import View

if TYPE_CHECKING:
    from lwd_tui.tui.state.controller import RunController
    from lwd_tui.types import Step

FRAME = 0.25
"""Seconds that a step stays while the steps are played back."""
_UNDER_WAY = "The run is under way, and is stopped to be forked. It can go on later."
_SCRUB = Binding.Group("scrub", compact=True)


class Travelling(Running):
    """Scrubs, follows and plays back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("comma,h", "scrub(-1)", "one step back", id="view.back", group=_SCRUB),
        Binding("full_stop,l", "scrub(1)", "one step forward", id="view.forward", group=_SCRUB),
        Binding("less_than_sign", "scrub(-10)", "ten steps back", id="view.back10", show=False),
        Binding("greater_than_sign", "scrub(10)", "ten steps on", id="view.forward10", show=False),
        Binding("home,g", "scrub_to(0)", "first step", id="view.first", show=False),
        Binding("end,G", "follow", "live", id="view.live", key_display="end"),
        Binding("a", "play", "play back", id="view.play", show=False),
        Binding("Q", "next_query", "all queries / each", id="view.query"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._heading_for: int | None = None
        self._playback: Timer | None = None

    async def close_run(self) -> None:
        """Stop the run that is open, let go of its file, and go to none of its steps any more."""
        await super().close_run()
        self._stop_playback()

    def action_scrub(self, steps: int) -> None:
        """View an earlier or later step."""
        here = self.view.t if self._heading_for is None else self._heading_for
        if here is not None:
            self.action_scrub_to(here + steps)

    @on(Scrubber.Moved)
    def _follow_scrubber(self, event: Scrubber.Moved) -> None:
        self.action_scrub_to(event.t)

    def action_scrub_to(self, t: int) -> None:
        """View a step, while the run goes on behind it."""
        self._stop_playback()
        self._look_at(t)

    def action_follow(self) -> None:
        """View the newest step, and each that follows."""
        self._stop_playback()
        if self.controller is not None:
            self.view = View(self.controller.latest)

    def action_play(self) -> None:
        """Play the steps back from the viewed one, or from the first if it is the newest."""
        if self._playback is not None:
            self._stop_playback()
            self.view = View(self.view.step, following=False)
        elif self.controller is not None and self.view.t is not None:
            newest = self.view.t >= len(self.controller.numbers) - 1
            self._look_at(0 if newest else self.view.t, playing=True)
            self._playback = self.set_interval(FRAME, self._next_frame)

    @work(exclusive=True, group="fork")
    async def action_fork(self) -> None:
        """Fork the run at the viewed step, and show the fork; asking what is to be changed."""
        from lwd_tui.store.errors import run_name
        from lwd_tui.tui.parts.dialog import ask_until_done
        from lwd_tui.tui.parts.fork import AskFork, ForkWish, forked

        run = self.controller
        if run is None or self.view.t is None:
            self.notice = "no step is viewed at which a run could be forked"
            return
        name = run_name(run.path)

        async def fork(wish: ForkWish) -> None:
            if run.busy and not await self.ask(_UNDER_WAY, yes="stop it", no="go on"):
                return
            await run.stop()
            made = await asyncio.to_thread(forked, run.path, wish)
            said = f"forked from {name} at t = {wish.at}"
            # Told before, for another run may be stayed with.
            self.notice = f"{run_name(made)} is {said}: it is on the page of runs"
            if await self.opened(made, hosts=run.resuming.get("hosts", ())):
                await self.run_action("show_page('live')")
                self.notice = f"{said}: space goes on from there"

        await ask_until_done(self, partial(AskFork, name), ForkWish(self.view.t), fork)

    @work(exclusive=True, group="query")
    async def action_next_query(self) -> None:
        """Look at all queries together, then at each alone."""
        run = self.controller
        if run is None:
            return
        self._stop_playback()
        queries = run.experiment.queries
        with self.telling():
            # From the one that is being read, should this be pressed again meanwhile.
            await run.look_at((run.archive.query + 1) % (len(queries) + 1))
            step, following = run.latest, self.view.following
            if not following and self.view.t is not None:
                step = await run.archive.step(self.view.t)
            if run is self.controller:
                asked = f": {clean_line(queries[run.query - 1])}" if run.query else ""
                self.notice = f"{run.experiment.looked_at(run.query)}{asked}"
                self.view = View(step, following)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to go through the queries where there are several."""
        if action == "next_query":
            return self.controller is not None and len(self.controller.experiment.queries) > 1
        return super().check_action(action, parameters)

    def _next_frame(self) -> None:
        if self.controller is None or self.view.t is None:
            self._stop_playback()
        elif self.view.t >= len(self.controller.numbers) - 1:
            self.action_follow()
        elif self._heading_for is None:
            self._look_at(self.view.t + 1, playing=True)

    def _stop_playback(self) -> None:
        """Forget the next frame, even if it is being read."""
        self._heading_for = None
        self.workers.cancel_group(self, "view")
        if self._playback is not None:
            self._playback.stop()
            self._playback = None

    def _look_at(self, t: int, *, playing: bool = False) -> None:
        run = self.controller
        if run is None or not run.numbers:
            return
        t = min(max(t, 0), len(run.numbers) - 1)
        if (step := run.archive.kept(t)) is not None:
            self._arrive(step, playing)
        else:
            self._heading_for = t
            self._load(run, t, playing)

    @work(exclusive=True, group="view")
    async def _load(self, run: RunController, t: int, playing: bool) -> None:
        """Read the step and show it, unless another was asked for meanwhile."""
        with self.telling():
            step = await run.archive.step(t)
            if run is self.controller:
                self._arrive(step, playing)

    def _arrive(self, step: Step, playing: bool) -> None:
        self._heading_for = None
        self.view = View(step, following=False, playing=playing)
