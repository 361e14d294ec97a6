"""The numbers of a network of mixtures at one t, and of its whole run once it is there."""

from __future__ import annotations

import numpy as np
from textual.app import ComposeResult
from textual.content import Content

from lwd_tui.glossary import GLOSSARY
from lwd_tui.run.mixtures_walk import Scene
from lwd_tui.tui.parts.panel import Panel
from lwd_tui.tui.parts.steady import SteadyDown
from lwd_tui.tui.parts.words import Words


class GmmNumbers(Panel):
    """A list of words and values."""

    DEFAULT_CSS = "GmmNumbers Words { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._list = Words()

    def compose(self) -> ComposeResult:
        """Yield the list, which scrolls where there is no room."""
        with SteadyDown():
            yield self._list

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        self.head(f"GMM numbers at t = {scene.t}")
        lines = _lines(step_in_words(scene))
        if scene.summary is not None:
            lines.append(Content.styled("\nof the whole run", "$quiet"))
            lines += _lines(run_in_words(scene))
        if scene.left_out:
            lines.append(Content.styled(f"\n{scene.left_out}", "$warning"))
        self._list.put(Content("\n").join(lines))


def step_in_words(scene: Scene) -> dict[str, str]:
    """Return the numbers at t by the terms of the glossary."""
    norms = scene.norms[:, scene.t]
    values = {
        "gmm_size": f"{scene.size:,}",
        "gmm_k": f"{scene.k:,}",
        "gmm_norm": f"{norms[scene.place]:.4f}",
    }
    if len(norms) > 1:
        values["gmm_median"] = f"{np.median(norms):.4f}"
    if scene.expected is not None:
        values["theory"] = f"{scene.expected.norm[scene.place, scene.t]:.4f}"
        values["theory_floor"] = f"{scene.expected.floor[scene.place, scene.t]:.4f}"
    return values


def run_in_words(scene: Scene) -> dict[str, str]:
    """Return the numbers of a whole run by the terms of the glossary."""
    summary, place = scene.summary, scene.place
    if summary is None:
        return {}
    count = len(scene.replicates)
    death = int(summary.first_death[place])
    return {
        "near_zero": f"{round(summary.near_zero * count)} of {count}",
        "polarised": f"{int(summary.polarised.sum())} of {count}",
        "one_vertex": f"{int(summary.collapsed.sum())} of {count}",
        "floor_measured": f"{summary.floor_measured:.4f}",
        "floor_predicted": f"{summary.floor_predicted:.4f}",
        "first_death": f"t {death}" if death >= 0 else "never",
        "lifted": f"{int(summary.lifted[place]):,}",
        "drift": f"{summary.drift:.1e}",
    }


def _lines(values: dict[str, str]) -> list[Content]:
    return [
        Content.assemble((GLOSSARY[term].name.ljust(20), "$quiet"), (value, "bold"))
        for term, value in values.items()
    ]
