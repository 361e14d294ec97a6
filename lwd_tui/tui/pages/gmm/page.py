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

from lwd_tui.experiment.gmm import GmmRun, GmmSpec
from lwd_tui.experiment.section import InvalidExperiment
from lwd_tui.palette import COLOURS, marker
from lwd_tui.run.mixtures import keep
from lwd_tui.run.mixtures_walk import Scene
from lwd_tui.run.recorded import stored_mixtures
from lwd_tui.store.errors import run_name
from lwd_tui.store.folder import new_run_path
from lwd_tui.tui.pages.gmm.densities import Densities
from lwd_tui.tui.pages.gmm.mixtures import NO_ROOM, Mixtures
from lwd_tui.tui.pages.gmm.numbers import GmmNumbers
from lwd_tui.tui.pages.gmm.overlaid import (
    MOST_OTHERS,
    Overlay,
    as_reference,
    mixture_curves,
    model_curves,
)
from lwd_tui.tui.pages.gmm.parameters import Parameters
from lwd_tui.tui.pages.gmm.time import GmmClock, MixturesInTime
from lwd_tui.tui.pages.gmm.weights import Weights
from lwd_tui.tui.parts.curves import Curve, Curves, top_of
from lwd_tui.tui.parts.form import Prose
from lwd_tui.tui.parts.preset import ChooseMixtures
from lwd_tui.tui.parts.rows import Rows
from lwd_tui.tui.state.archive import ask_anew
from lwd_tui.tui.state.controller import RunController

_NO_RUN = (
    "No run of language models is open.\n\nBegin one on the page Set up, or open a stored one: "
    "its norm is drawn here, on the time axis of the mixtures."
)
_SMUDGE = 5
"""How many times as long as a run the time axis is where its curve can't be read."""
_NO_START = "The norm at t = 0 is missing or 0: nothing can be divided by it (key u)."
_OVERLAYS: dict[Overlay, Overlay] = {"one": "all", "all": "band", "band": "one"}


class GmmPage(MixturesInTime):
    """Both norms over one time axis; densities, weights, parameters and numbers of the mixtures."""

    DEFAULT_CSS = """
    GmmPage {
        #grid { grid-size: 3 2; grid-columns: 1fr 1fr 32; height: 1fr; }
        #trace, .remark { display: none; }

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
            .panel.-chosen, #trace.-chosen, .remark { display: block; }
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
        Binding("u", "scale", "scale", id="gmm.scale"),
        Binding("v", "overlay", "replicates", id="gmm.overlay"),
        Binding("left_square_bracket", "replicate(-1)", "replicate before", id="gmm.before",
                key_display="[", show=False),
        Binding("right_square_bracket", "replicate(1)", "next replicate", id="gmm.next",
                key_display="]", show=False),
        Binding("o", "preset", "preset", id="gmm.preset", show=False),
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
        self._relative = False
        self._overlay: Overlay = "one"

    @property
    def first_panel(self) -> str:
        """The panel that there is something in."""
        return "gmm" if self.run is None else "llm"

    def compose_panels(self) -> ComposeResult:
        """Yield the panels, and the mixtures' clock under them."""
        with Grid(id="grid"):
            yield Curves(id="llm")
            yield Curves(id="gmm")
            yield Parameters(self.spec, id="parameters")
            yield Densities(id="densities")
            yield Weights(id="weights")
            yield Curves(id="trace")
            yield GmmNumbers(id="numbers")
        yield GmmClock()

    def on_mount(self) -> None:
        """Take stored runs."""
        self.watch(self.app, "mixtures", self._take_stored)

    # What is shown

    def show_run(self, run: RunController | None) -> None:
        """Show another LLM run, or that there is none."""
        if run is None and self.locked:
            self.set_lock(False)
        self.show_norms()

    @on(Mixtures.Seen)
    def _take_scene(self, event: Mixtures.Seen) -> None:
        if event.source is not self.source:
            return
        self.scene = event.scene
        with self.app.batch_update():
            self.show_norms()
            self.query_one(Weights).show(event.scene)
            self.query_one(GmmNumbers).show(event.scene)
            self._show_component()
            self.show_clock()

    @on(Mixtures.Failed)
    def _take_failure(self, event: Mixtures.Failed) -> None:
        if event.source is self.source:
            self.hold()
            self.query_one(Parameters).complain(event.sentence)
            self.choose("parameters", focus=False)

    def show_norms(self) -> None:
        """Show both norms over one time axis: that of the longer run, or of the one that leads."""
        run, scene, relative, last = self.run, self.scene, self._relative, self._last
        llm = gmm = None
        if run is not None:
            llm = model_curves(run.numbers, relative=relative)
        if scene is not None:
            gmm = mixture_curves(scene, self._overlay, relative=relative)
        tops = top_of(llm or ()), top_of(gmm or ())
        if relative:
            tops = (max(tops),) * 2
        scale = "divided by its start" if relative else "own scale"

        models = self.query_one("#llm", Curves)
        if run is None or llm is None:
            models.head("LLM norm ‖D(t)‖F")
            models.show_nothing(_NO_RUN if run is None else _NO_START)
        else:
            unit = "unit" if run.experiment.embedder.normalise else "raw"
            # On the axis of a far longer run it is a smudge.
            small = last >= _SMUDGE * run.experiment.steps
            models.head(
                f"LLM norm ‖D(t)‖F · {unit} vectors",
                f"{scale} · l: to its own T" if small else scale,
            )
            models.show(llm, t=self.view.t, last=last, top=tops[0])

        mixtures = self.query_one("#gmm", Curves)
        if scene is None:
            mixtures.head("GMM norm")
        elif gmm is None:
            mixtures.head("GMM norm", scale)
            mixtures.show_nothing(_NO_START)
        else:
            if relative and llm:
                gmm += as_reference(llm)
            mixtures.head(f"GMM norm · {self._replicates(scene)}", scale)
            mixtures.show(gmm, t=scene.t, last=last, top=tops[1])

    @property
    def _last(self) -> int:
        """Where the time axes end."""
        if self.run is None:
            return self.spec.steps
        led = self.run.experiment.steps
        return led if self.locked else max(led, self.spec.steps)

    def _replicates(self, scene: Scene) -> str:
        here, others = scene.replicates[scene.place], len(scene.replicates) - 1
        if self._overlay == "band" and others:
            return f"{others + 1} replicates, 10–90 %"
        if self._overlay == "all" and others:
            return f"replicate {here}, {min(others, MOST_OTHERS)} others dim"
        return f"replicate {here} of {scene.replicates[0]}–{scene.replicates[-1]}"

    @on(Rows.Moved)
    def _show_component(self) -> None:
        """Show what depends on the component that is marked among the weights."""
        if (scene := self.scene) is None:
            return
        component = min(self.query_one(Weights).component, scene.spec.components - 1)
        self.query_one(Densities).show(scene, component)
        curves = [
            Curve(
                str(i + 1),
                scene.weights[:, i, component],
                f"series-{i % len(COLOURS)}",
                mark=marker(i),
            )
            for i in range(len(scene.density))
        ]
        trace = self.query_one("#trace", Curves)
        trace.head(f"weight of component {component + 1} over t")
        trace.show(curves, t=scene.t, last=self._last, top=1.0)

    # Parameters and files

    @on(Parameters.Changed)
    def _take_spec(self, event: Parameters.Changed) -> None:
        event.stop()
        if event.spec.sha256 != self.spec.sha256:
            self.begin(event.spec)
        else:
            self.wish()

    @on(Parameters.PresetAsked)
    @work(exclusive=True, group="preset")
    async def action_preset(self) -> None:
        """Begin with other mixtures."""
        experiment = self.run.experiment if self.run is not None else None
        chosen = ChooseMixtures(experiment, self.spec.name)
        spec = await self.app.push_screen_wait(chosen)
        if spec is not None:
            self.query_one(Parameters).take(spec)
            self.begin(spec)

    def _take_stored(self, path: Path | None) -> None:
        if path is not None:
            # So that the same one can be opened again.
            self.explorer.mixtures = None
            self._open_stored(path)

    @work(exclusive=True, group="stored")
    async def _open_stored(self, path: Path) -> None:
        """Show a stored run, whole."""
        run = await self.asked(ask_anew(path, stored_mixtures))
        if run is None:
            return
        if self.locked:
            self.set_lock(False)
        self.query_one(Parameters).take(run.spec)
        self.begin(run)
        self.action_go_to_end()

    @work(exclusive=True, group="keep")
    async def action_keep(self) -> None:
        """Keep the run in a file, computing what is left of it."""
        self.explorer.notice = "computing the run to its end, and keeping it …"
        with self.explorer.telling():
            path = await asyncio.to_thread(_keep, self.source)
            self.explorer.notice = f"kept as {run_name(path)}"

    # Keys

    def action_scale(self) -> None:
        """Show each norm on its own scale, or both divided by their starts."""
        self._relative = not self._relative
        self.show_norms()

    def action_overlay(self) -> None:
        """Show one replicate, it among the others, or the median of all with a band."""
        self._overlay = _OVERLAYS[self._overlay]
        self.show_norms()

    def action_replicate(self, places: int) -> None:
        """Look at another replicate."""
        self.place = (self.place + places) % self.spec.replicates
        self.wish()

    def action_edit(self) -> None:
        """Go to the parameters."""
        self.choose("parameters", focus=False)
        # At once, so that a key that follows at once is written there.
        self.set_focus(self.query_one(Parameters).query_one(Prose))

    def action_leave(self) -> None:
        """Leave the field, or dismiss the notice."""
        if isinstance(self.focused, Input):
            self.set_focus(None)
        else:
            self.explorer.notice = ""


def _keep(source: GmmSpec | GmmRun) -> Path:
    from lwd_tui.gmm.network import simulate

    try:
        run = simulate(source) if isinstance(source, GmmSpec) else source
    except MemoryError:
        raise InvalidExperiment(NO_ROOM) from None
    path = new_run_path(run.spec.name)
    keep(run, path)
    return path
