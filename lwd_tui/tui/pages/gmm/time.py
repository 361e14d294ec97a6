"""The part of the GMM page that chooses the shown t: by a clock of its own, or by the LLM's."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.message import Message

from lwd_tui.experiment.files import load_gmm_preset
from lwd_tui.experiment.gmm import GmmRun, GmmSpec
from lwd_tui.run.mixtures_walk import Scene
from lwd_tui.text import shorten
from lwd_tui.tui.pages.gmm.mixtures import Mixtures
from lwd_tui.tui.pages.panelled import PanelledPage
from lwd_tui.tui.parts.track import Track
from lwd_tui.tui.state.view import View

FIRST = "gmm-fig4"
"""The preset to begin with."""
FRAME = 0.25
"""Seconds between two frames while the clock runs."""
_FRAMES = 40
"""A run from 0 to T takes so many frames, or T of them where that is fewer."""
_OF_THE_CLOCK = frozenset({"toggle_clock", "go", "go_to", "go_to_end"})


class GmmClock(Track):
    """Drag the knob to go anywhere; a click on the words ties the clock to that of the models."""

    @dataclass(eq=False)
    class Moved(Message):
        """The knob was put at a step."""

        t: int

    class LockAsked(Message):
        """The words were clicked."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = (0, 0, 1, "", False)

    def show(self, t: int, reached: int, steps: int, state: str, *, locked: bool) -> None:
        """Show where the clock is: at step t of T, of which the first `reached` are computed.

        The state is in words; a locked clock follows that of the language models.
        """
        if (shown := (t, reached, steps, state, locked)) != self._shown:
            self._shown = shown
            self.draw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Tie the clock by a click on the words."""
        if self.behind(event.x):
            event.prevent_default()
            self.post_message(self.LockAsked())

    def put_knob(self, t: int) -> None:
        """Ask for a step."""
        self.post_message(self.Moved(t))

    def draw(self) -> None:
        """Draw the line for the room there is."""
        t, reached, steps, state, locked = self._shown
        words = shorten(f"GMM t {t} / {steps} · {state}", max(self.content_size.width, 1))
        self.lay(t, reached, steps, words, apart=not locked)


class MixturesInTime(PanelledPage):
    """Wishes for scenes of the mixtures, at the t of their clock.

    The keys of this clock are those of the LLM run. While the clock is locked to that of the LLM
    run they are left to it, and the mixtures show its viewed t.

    Attributes
    ----------
    source : GmmSpec or GmmRun
        What is shown.
    place : int
        Position of the replicate that is shown.
    scene : Scene or None
        The newest one; None until there is one.
    locked : bool
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_clock", "run / hold", id="gmm.toggle"),
        Binding("s,full_stop", "go(1)", "step", id="gmm.step"),
        Binding("l", "lock", "lock / unlock", id="gmm.lock"),
        Binding("comma,h", "go(-1)", "one step back", id="gmm.back", show=False),
        Binding("less_than_sign", "go(-10)", "ten steps back", id="gmm.back10", show=False),
        Binding("greater_than_sign", "go(10)", "ten steps on", id="gmm.forward10", show=False),
        Binding("home,g", "go_to(0)", "first step", id="gmm.first", show=False),
        Binding("end,G", "go_to_end", "to T at once", id="gmm.end", show=False),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.source: GmmSpec | GmmRun = load_gmm_preset(FIRST)
        self.place = 0
        self.scene: Scene | None = None
        self.locked = False
        self._t = 0
        self._playing = False
        self._working = ""
        self._mixtures = Mixtures(self.post_message)

    @property
    def spec(self) -> GmmSpec:
        """Of what is shown."""
        return self.source if isinstance(self.source, GmmSpec) else self.source.spec

    @abstractmethod
    def show_norms(self) -> None:
        """Show both norms, and what their panels say."""

    def on_mount(self) -> None:
        """Ask for the first scene, which also lets the simulation be compiled."""
        self.set_interval(FRAME, self._next_frame)
        self.wish()

    def on_unmount(self) -> None:
        """Let go of the thread."""
        self._mixtures.close()

    def on_screen_suspend(self) -> None:
        """Hold the clock while nobody looks."""
        self.hold()

    def show_view(self, view: View) -> None:
        """Show another step of the LLM run, and with a locked clock the same of the mixtures."""
        if self.locked:
            self._go(view.t or 0)
        self.show_norms()

    # What is wished for

    def begin(self, source: GmmSpec | GmmRun) -> None:
        """Show other mixtures, at the same t as far as there is one."""
        self.source = source
        self._t = min(self._t, self.spec.steps)
        self.place = min(self.place, self.spec.replicates - 1)
        self.wish()

    def wish(self) -> None:
        """Ask for the scene that is to be shown now."""
        self._mixtures.wish(self.source, self._t, self.place)
        self.show_clock()

    def _go(self, t: int) -> None:
        self._t = min(max(t, 0), self.spec.steps)
        self.wish()

    @on(Mixtures.Working)
    def _take_work(self, event: Mixtures.Working) -> None:
        self._working = event.words
        self.show_clock()

    # The clock

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys of the clock to the LLM run while it is locked to that."""
        if action in _OF_THE_CLOCK and self.locked:
            return False
        return super().check_action(action, parameters)

    def action_toggle_clock(self) -> None:
        """Run from here, or from the start if this is the end; or hold."""
        if self._playing:
            self.hold()
        else:
            self._playing = True
            self._go(0 if self._t >= self.spec.steps else self._t)

    def action_go(self, steps: int) -> None:
        """Go on or back, and hold."""
        self.action_go_to(self._t + steps)

    def action_go_to(self, t: int) -> None:
        """Go anywhere, and hold."""
        self._playing = False
        self._go(t)

    def action_go_to_end(self) -> None:
        """Go to T."""
        self.action_go_to(self.spec.steps)

    @on(GmmClock.Moved)
    def _follow_knob(self, event: GmmClock.Moved) -> None:
        event.stop()
        if self.locked:
            self.explorer.notice = "the clock is locked to that of the LLM run; l sets it free"
        else:
            self.action_go_to(event.t)

    def _next_frame(self) -> None:
        """Go on by a frame, once the last one is there."""
        scene = self.scene
        if not self._playing or scene is None or scene.spec is not self.spec or scene.t != self._t:
            return
        if self._t >= self.spec.steps:
            self.hold()
        else:
            self._go(self._t + max(1, self.spec.steps // _FRAMES))

    def hold(self) -> None:
        """Let the clock rest."""
        self._playing = False
        self.show_clock()

    @on(GmmClock.LockAsked)
    def action_lock(self) -> None:
        """Lock the clock to that of the LLM run, or set it free."""
        if not self.locked and self.run is None:
            self.explorer.notice = "no LLM run is open whose clock could be followed"
        else:
            self.set_lock(not self.locked)

    def set_lock(self, locked: bool) -> None:
        """Lock the clock, or set it free."""
        self.locked, self._playing = locked, False
        if locked:
            self._go(self.view.t or 0)
        self.refresh_bindings()
        self.show_norms()
        self.show_clock()

    def show_clock(self) -> None:
        """Show the clock and its state."""
        scene = self.scene
        t, reached = (scene.t, scene.reached) if scene is not None else (0, 0)
        self.query_one(GmmClock).show(t, reached, self.spec.steps, self._state, locked=self.locked)

    @property
    def _state(self) -> str:
        if self._working:
            return self._working
        if self.locked:
            seen = self.view.t or 0
            past = f", past T at t {seen}" if seen > self.spec.steps else ""
            return f"locked to the LLM run{past}"
        if self._playing:
            return "own clock, running"
        return "own clock, at its end" if self._t == self.spec.steps else "own clock, held"
