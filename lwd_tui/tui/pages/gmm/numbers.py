"""The numbers of a network of mixtures at one t, and of its whole run once it is there."""

from __future__ import annotations

import math

import numpy as np
from textual.content import Content

from lwd_tui.run.mixtures_walk import Scene
from lwd_tui.text import number_text
from lwd_tui.tui.parts.text_panel import TextPanel, numbers_in_lines

_COLUMN = 20


class GmmNumbers(TextPanel):
    """A list of words and values."""

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        self.head(f"GMM numbers at t = {scene.t}")
        lines = numbers_in_lines(step_in_words(scene), _COLUMN)
        if scene.summary is not None:
            lines.append(Content.styled("\nof the whole run", "$quiet"))
            lines += numbers_in_lines(run_in_words(scene), _COLUMN)
        if scene.left_out:
            lines.append(Content.styled(f"\n{scene.left_out}", "$warning"))
        self.text.put(Content("\n").join(lines))


def step_in_words(scene: Scene) -> dict[str, str]:
    """Return the numbers at t by the terms of the glossary."""
    norms = scene.norms[:, scene.t]
    values = {
        "gmm_size": f"{scene.size:,}",
        "gmm_k": f"{scene.k:,}",
        "gmm_norm": number_text(norms[scene.place], 4),
    }
    if len(norms) > 1:
        values["gmm_median"] = number_text(np.median(norms), 4)
    if scene.expected is not None:
        values["theory"] = number_text(scene.expected.norm[scene.place, scene.t], 4)
        values["theory_floor"] = number_text(scene.expected.floor[scene.place, scene.t], 4)
    return values


def run_in_words(scene: Scene) -> dict[str, str]:
    """Return the numbers of a whole run by the terms of the glossary."""
    summary, place = scene.summary, scene.place
    if summary is None:
        return {}
    count = len(scene.replicates)
    death = int(summary.first_death[place])
    near = summary.near_zero * count
    return {
        "near_zero": f"{round(near)} of {count}" if math.isfinite(near) else "–",
        "polarised": f"{int(summary.polarised.sum())} of {count}",
        "one_vertex": f"{int(summary.collapsed.sum())} of {count}",
        "floor_measured": number_text(summary.floor_measured, 4),
        "floor_predicted": number_text(summary.floor_predicted, 4),
        "first_death": f"t {death}" if death >= 0 else "never",
        "lifted": f"{int(summary.lifted[place]):,}",
        "drift": f"{summary.drift:.1e}",
    }
