"""The densities of the mixtures at one t, one marker and colour a mixture."""

from __future__ import annotations

import numpy as np
from textual.content import Content

from lwd_tui.palette import COLOURS, marker
from lwd_tui.run.mixtures_walk import Scene
from lwd_tui.tui.parts.legend import LegendPanel
from lwd_tui.tui.parts.plot import Plot
from lwd_tui.tui.theme import series

_MARKS = 8
"""Markers on a curve."""


class Densities(LegendPanel):
    """g_i(x) along the first axis, and a rule at the mean of the component that is looked at."""

    GAP = "  "

    def __init__(self, *, id: str | None = None) -> None:
        self._plot = _DensityPlot()
        super().__init__(self._plot, id=id)

    def show(self, scene: Scene, component: int) -> None:
        """Show a scene."""
        axis = " along the first axis" if scene.spec.dimension > 1 else ""
        self.head(f"densities{axis} at t = {scene.t}")
        shown, n = len(scene.density), scene.spec.participants
        entries = [Content.assemble((f"{marker(i)} ", series(i)), f"{i + 1}") for i in range(shown)]
        words = "mixtures" if shown == n else f"the first {shown} of {n} mixtures"
        self.explain([Content.styled(words, "$quiet"), *entries])
        self._plot.take(scene, component)


class _DensityPlot(Plot):
    def __init__(self) -> None:
        super().__init__()
        self._scene: Scene | None = None
        self._component = 0

    def take(self, scene: Scene, component: int) -> None:
        """Take another scene; draw only if something is new."""
        before = self._scene
        known = (
            before is not None
            and component == self._component
            and scene.highest == before.highest
            and scene.spec.means == before.spec.means
            and np.array_equal(scene.grid, before.grid)
            and np.array_equal(scene.density, before.density)
        )
        self._scene, self._component = scene, component
        if not known:
            self.redraw()

    def draw(self) -> None:
        """Draw the rule, the curves, and a few markers on each."""
        if (scene := self._scene) is None:
            return
        top = scene.highest * 1.08 or 1.0
        if not self.zoomed:
            self.set_xlimits(float(scene.grid[0]), float(scene.grid[-1]))
            self.set_ylimits(0, top)
        if scene.spec.moving == "none" and self._component < scene.spec.components:
            self.rule(scene.spec.means[self._component][0], self.colour("line"))
        shown = len(scene.density)
        for i, density in enumerate(scene.density):
            self.curve(scene.grid, density, self.colour(f"series-{i % len(COLOURS)}"))
        for i, density in enumerate(scene.density):
            # Each mixture's markers stand between those of the others.
            share = (np.arange(_MARKS) + (i + 0.5) / shown) / _MARKS
            places = (share * len(scene.grid)).astype(int)
            colour = self.colour(f"series-{i % len(COLOURS)}")
            self.scatter(scene.grid[places], density[places], marker(i), colour)
