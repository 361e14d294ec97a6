"""The Gaussian-mixture proxy beside the run of language models."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.widgets import Input

from lwd_tui.errors import LwdError
from lwd_tui.gmm_run import GmmRun
from lwd_tui.gmm_session import keep
from lwd_tui.gmm_spec import GmmSpec
from lwd_tui.gmm_walk import Scene
from lwd_tui.palette import marker
from lwd_tui.presets import load_gmm_preset
from lwd_tui.store.errors import run_name
from lwd_tui.store.folder import new_run_path
from lwd_tui.store.gmm import read_gmm_run
from lwd_tui.store.run import RunStore
from lwd_tui.tui.comparison import Overlay, as_reference, mixture_curves, model_curves, top_of
from lwd_tui.tui.mixtures import Mixtures
from lwd_tui.tui.run import RunController
from lwd_tui.tui.screens.gmm_preset import ChooseMixtures
from lwd_tui.tui.screens.panelled import PanelledPage
from lwd_tui.tui.view import View
from lwd_tui.tui.widgets.curves import Curve, Curves
from lwd_tui.tui.widgets.densities import Densities
from lwd_tui.tui.widgets.gmm_clock import GmmClock
from lwd_tui.tui.widgets.gmm_numbers import GmmNumbers
from lwd_tui.tui.widgets.parameters import Parameters
from lwd_tui.tui.widgets.rows import Rows
from lwd_tui.tui.widgets.weights import Weights

FIRST = "gmm-fig4"
"""The preset to begin with."""
FRAME = 0.25
"""Seconds between two steps of the mixtures' own clock while it runs."""
_FRAMES = 40
"""A run from 0 to T takes so many frames, or T of them where that is fewer."""
_NO_RUN = (
    "No run of language models is open.\n\nBegin one on the page Set up, or open a stored one: "
    "its norm is drawn here, on the time axis of the mixtures."
)
_NO_START = "The norm at t = 0 is missing or 0: nothing can be divided by it (key u)."
_OVERLAYS: dict[Overlay, Overlay] = {"one": "all", "all": "band", "band": "one"}
_CLOCK_ACTIONS = frozenset({"toggle_clock", "step_clock", "go", "go_to", "go_to_end"})


class GmmPage(PanelledPage):
    """Both norms over one time axis; densities, weights, parameters and numbers of the mixtures.

    The mixtures have a clock of their own, whose keys are those of the run; locked, they show
    the viewed t of the language models, whose keys these then are.
    """

    DEFAULT_CSS = """
    GmmPage {
        #grid { grid-size: 3 2; grid-columns: 1fr 1fr 32; height: 1fr; }
        #trace { display: none; }

        &.-wide { #grid { grid-columns: 1fr 1fr 40; } }
        &.-wide.-tall {
            #grid { grid-size: 7 2; grid-columns: 1fr 1fr 1fr 1fr 1fr 1fr 44; }
            #llm, #gmm { column-span: 3; }
            #densities, #weights, #trace { column-span: 2; }
            #trace { display: block; }
        }
        &.-narrow, &.-short {
            #panels { display: block; }
            #grid { grid-size: 1 1; grid-columns: 1fr; }
            .panel { display: none; }
            .panel.-chosen { display: block; }
        }
    }
    """
    PANELS = (
        ("llm", "LLM norm"),
        ("gmm", "GMM norm"),
        ("densities", "densities"),
        ("weights", "weights"),
        ("trace", "over t"),
        ("parameters", "parameters"),
        ("numbers", "numbers"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_clock", "run / hold", id="gmm.toggle"),
        Binding("s,full_stop", "step_clock", "step", id="gmm.step"),
        Binding("l", "lock", "lock to LLM", id="gmm.lock"),
        Binding("u", "scale", "scale", id="gmm.scale"),
        Binding("v", "overlay", "replicates", id="gmm.overlay"),
        Binding("o", "preset", "preset", id="gmm.preset", show=False),
        Binding("left_square_bracket", "replicate(-1)", "replicate before", id="gmm.before",
                key_display="[", show=False),
        Binding("right_square_bracket", "replicate(1)", "next replicate", id="gmm.next",
                key_display="]", show=False),
        Binding("comma,h", "go(-1)", "one step back", id="gmm.back", show=False),
        Binding("less_than_sign", "go(-10)", "ten steps back", id="gmm.back10", show=False),
        Binding("greater_than_sign", "go(10)", "ten steps on", id="gmm.forward10", show=False),
        Binding("home,g", "go_to(0)", "first step", id="gmm.first", show=False),
        Binding("end,G", "go_to_end", "to T at once", id="gmm.end", show=False),
        Binding("e", "edit", "edit the parameters", id="gmm.edit", show=False),
        Binding("w", "keep", "keep in a file", id="gmm.keep", show=False),
        Binding("escape", "leave", "leave the field", id="gmm.leave", show=False),
    ]  # fmt: skip
    GLOSSARY = (
        "mixtures", "t", "norm", "gmm_norm", "theory", "theory_floor", "gmm_median", "densities",
        "weights", "gmm_size", "gmm_k", "near_zero", "polarised", "one_vertex", "floor_measured",
        "floor_predicted", "first_death", "lifted", "drift",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._source: GmmSpec | GmmRun = load_gmm_preset(FIRST)
        self._t = self._place = 0
        self._scene: Scene | None = None
        self._working = ""
        self._locked = self._relative = False
        self._overlay: Overlay = "one"
        self._mixtures = Mixtures(self.post_message)
        self._playing = False

    @property
    def _spec(self) -> GmmSpec:
        return self._source if isinstance(self._source, GmmSpec) else self._source.spec

    def compose_panels(self) -> ComposeResult:
        """Yield the panels, and the mixtures' clock under them."""
        with Grid(id="grid"):
            for panel in (
                Curves(id="llm"),
                Curves(id="gmm"),
                Parameters(self._spec, id="parameters"),
                Densities(id="densities"),
                Weights(id="weights"),
                Curves(id="trace"),
                GmmNumbers(id="numbers"),
            ):
                panel.add_class("panel")
                yield panel
        yield GmmClock()

    def on_mount(self) -> None:
        """Ask for the first scene, which also lets the simulation be compiled."""
        if self.run is None:
            self.choose("gmm", focus=False)
        self.set_interval(FRAME, self._next_frame)
        self.watch(self.app, "mixtures", self._take_stored)
        self._wish()

    def on_unmount(self) -> None:
        """Let go of the thread."""
        self._mixtures.close()

    def on_screen_suspend(self) -> None:
        """Hold the clock while nobody looks."""
        self._hold()

    # What is shown

    def show_run(self, run: RunController | None) -> None:
        """Show another run of language models, or that there is none."""
        if run is None and self._locked:
            self._lock(False)
        self._show_norms()

    def show_view(self, view: View) -> None:
        """Show another step of theirs, and with a locked clock the same of the mixtures."""
        if self._locked:
            self._go(view.t or 0)
        self._show_norms()

    @on(Mixtures.Seen)
    def _take_scene(self, event: Mixtures.Seen) -> None:
        if event.source is not self._source:
            return
        self._scene = scene = event.scene
        with self.app.batch_update():
            self._show_norms()
            self.query_one(Weights).show(scene.weights[scene.t], scene.spec.means, scene.t)
            self.query_one(GmmNumbers).show(scene)
            self._show_component()
            self._show_clock()

    @on(Mixtures.Working)
    def _take_work(self, event: Mixtures.Working) -> None:
        self._working = event.words
        self._show_clock()

    @on(Mixtures.Failed)
    def _take_failure(self, event: Mixtures.Failed) -> None:
        if event.source is self._source:
            self._hold()
            self.query_one(Parameters).complain(event.sentence)
            self.choose("parameters", focus=False)

    def _show_norms(self) -> None:
        """Show both norms over one time axis: that of the longer run, or of the one that leads."""
        run, scene, relative = self.run, self._scene, self._relative
        models, mixtures = self.query_one("#llm", Curves), self.query_one("#gmm", Curves)
        ends = [self._spec.steps] if run is None else [run.experiment.steps, self._spec.steps]
        last = ends[0] if self._locked else max(ends)
        llm = None if run is None else model_curves(run.numbers, relative=relative)
        gmm = None if scene is None else mixture_curves(
            scene, self._overlay, relative=relative
        )  # fmt: skip
        top_llm, top_gmm = top_of(llm or ()), top_of(gmm or ())
        if relative:
            top_llm = top_gmm = max(top_llm if llm else 0, top_gmm if gmm else 0) or 1.0
        scale = "divided by its start" if relative else "own scale"
        if run is None or llm is None:
            models.head("LLM norm ‖D(t)‖F")
            models.show_nothing(_NO_RUN if run is None else _NO_START)
        else:
            unit = run.experiment.embedder.normalise
            models.head(f"LLM norm ‖D(t)‖F · {'unit' if unit else 'raw'} vectors", scale)
            models.show(llm, t=self.view.t, last=last, top=top_llm)
        if scene is None:
            return
        mixtures.head(f"GMM norm ‖D(t)‖F · {self._replicates(scene)}", scale)
        if gmm is None:
            mixtures.show_nothing(_NO_START)
        else:
            if relative and llm:
                gmm += as_reference(llm)
            mixtures.show(gmm, t=scene.t, last=last, top=top_gmm)

    def _replicates(self, scene: Scene) -> str:
        numbers, here = scene.replicates, scene.replicates[scene.place]
        if len(numbers) == 1:
            return f"replicate {here}"
        if self._overlay == "band":
            return f"{len(numbers)} replicates, 10–90 %"
        words = f"replicate {here} of {numbers[0]}–{numbers[-1]}"
        return f"{words}, others dim" if self._overlay == "all" else words

    def _show_component(self) -> None:
        """Show what depends on the component that is marked among the weights."""
        if (scene := self._scene) is None:
            return
        component = min(self.query_one(Weights).component, scene.spec.components - 1)
        self.query_one(Densities).show(scene, component)
        trace = self.query_one("#trace", Curves)
        trace.head(f"weight of component {component + 1} over t")
        curves = [
            Curve(str(i + 1), scene.weights[:, i, component], f"series-{i % 7}", mark=marker(i))
            for i in range(len(scene.density))
        ]
        trace.show(curves, t=scene.t, last=scene.spec.steps, top=1.0)

    @on(Rows.Moved)
    def _take_component(self) -> None:
        self._show_component()

    def _show_clock(self) -> None:
        scene = self._scene
        t, reached = (scene.t, scene.reached) if scene is not None else (0, 0)
        self.query_one(GmmClock).show(
            t, reached, self._spec.steps, self._state, locked=self._locked
        )

    @property
    def _state(self) -> str:
        if self._working:
            return self._working
        if self._locked:
            seen = self.view.t or 0
            past = f", which is past T at t {seen}" if seen > self._spec.steps else ""
            return f"locked to the LLM clock{past}"
        if self._playing:
            return "own clock, running"
        return "own clock, at its end" if self._t == self._spec.steps else "own clock, held"

    # Parameters

    @on(Parameters.Changed)
    def _take_spec(self, event: Parameters.Changed) -> None:
        event.stop()
        if event.spec.sha256 != self._spec.sha256:
            self._begin(event.spec)
        else:
            self._wish()

    def _begin(self, source: GmmSpec | GmmRun) -> None:
        """Show other mixtures, at the same t as far as there is one."""
        self._source = source
        self._t = min(self._t, self._spec.steps)
        self._place = min(self._place, self._spec.replicates - 1)
        self._wish()

    def _wish(self) -> None:
        self._mixtures.wish(self._source, self._t, self._place)

    @on(Parameters.PresetAsked)
    @work(exclusive=True, group="preset")
    async def action_preset(self) -> None:
        """Begin with other mixtures."""
        experiment = self.run.experiment if self.run is not None else None
        spec = await self.app.push_screen_wait(ChooseMixtures(experiment))
        if spec is not None:
            self.query_one(Parameters).take(spec)
            self._begin(spec)

    def _take_stored(self, path: Path | None) -> None:
        if path is not None:
            # So that the same one can be opened again.
            self.explorer.mixtures = None
            self._open_stored(path)

    @work(exclusive=True, group="stored")
    async def _open_stored(self, path: Path) -> None:
        """Show a stored run, whole."""
        try:
            run = await asyncio.to_thread(_read, path)
        except LwdError as error:
            self.explorer.notice = str(error)
            return
        self.query_one(Parameters).take(run.spec)
        self._t, self._place = run.weights.shape[1] - 1, 0
        if self._locked:
            self._lock(False)
        self._begin(run)

    @work(exclusive=True, group="keep")
    async def action_keep(self) -> None:
        """Keep the run in a file, computing what is left of it."""
        explorer, source = self.explorer, self._source
        explorer.notice = "computing the run to its end, and keeping it …"
        try:
            path = await asyncio.to_thread(_keep, source)
        except LwdError as error:
            explorer.notice = str(error)
        else:
            explorer.notice = f"kept as {run_name(path)}"

    # The clock

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys of the clock to the language models' own while it is locked to theirs."""
        if action in _CLOCK_ACTIONS and self._locked:
            return False
        return super().check_action(action, parameters)

    def action_toggle_clock(self) -> None:
        """Run from here, or from the start if this is the end; or hold."""
        if self._playing:
            self._hold()
            return
        self._playing = True
        self._go(0 if self._t >= self._spec.steps else self._t)

    def action_step_clock(self) -> None:
        """Go on by one step, and hold."""
        self.action_go(1)

    def action_go(self, steps: int) -> None:
        """Go on or back, and hold."""
        self.action_go_to(self._t + steps)

    def action_go_to(self, t: int) -> None:
        """Go anywhere, and hold."""
        self._hold()
        self._go(t)

    def action_go_to_end(self) -> None:
        """Go to T."""
        self.action_go_to(self._spec.steps)

    @on(GmmClock.Moved)
    def _follow_knob(self, event: GmmClock.Moved) -> None:
        event.stop()
        if self._locked:
            self.explorer.notice = "the clock is locked to that of the LLM run; l sets it free"
        else:
            self.action_go_to(event.t)

    def _go(self, t: int) -> None:
        self._t = min(max(t, 0), self._spec.steps)
        self._wish()
        self._show_clock()

    def _next_frame(self) -> None:
        """Go on by a frame, once the last one is there."""
        scene = self._scene
        if not self._playing or scene is None or scene.spec is not self._spec or scene.t != self._t:
            return
        if self._t >= self._spec.steps:
            self._hold()
        else:
            self._go(self._t + max(1, self._spec.steps // _FRAMES))

    def _hold(self) -> None:
        self._playing = False
        self._show_clock()

    @on(GmmClock.LockAsked)
    def action_lock(self) -> None:
        """Lock the clock to that of the language models, or set it free."""
        if not self._locked and self.run is None:
            self.explorer.notice = "no LLM run is open whose clock could be followed"
        else:
            self._lock(not self._locked)

    def _lock(self, locked: bool) -> None:
        self._hold()
        self._locked = locked
        if locked:
            self._go(self.view.t or 0)
        self.refresh_bindings()
        self._show_norms()
        self._show_clock()

    # Pictures

    def action_scale(self) -> None:
        """Show each norm on its own scale, or both divided by their starts."""
        self._relative = not self._relative
        self._show_norms()

    def action_overlay(self) -> None:
        """Show one replicate, it among the others, or the median of all with a band."""
        self._overlay = _OVERLAYS[self._overlay]
        self._show_norms()

    def action_replicate(self, places: int) -> None:
        """Look at another replicate."""
        self._place = (self._place + places) % self._spec.replicates
        self._wish()

    def action_edit(self) -> None:
        """Go to the parameters."""
        self.choose("parameters")

    def action_leave(self) -> None:
        """Leave the field, or dismiss the notice."""
        if isinstance(self.focused, Input):
            self.set_focus(None)
        else:
            self.explorer.notice = ""


def _read(path: Path) -> GmmRun:
    with RunStore.open(path) as store:
        return read_gmm_run(store)


def _keep(source: GmmSpec | GmmRun) -> Path:
    from lwd_tui.dynamics.gmm import simulate

    run = simulate(source) if isinstance(source, GmmSpec) else source
    path = new_run_path(run.spec.name)
    keep(run, path)
    return path
