"""What a run could show and what it costs, before anything is spent; see docs/planning.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from lwd_tui.analysis.planning import (
    Scatter,
    expected_floor,
    least_effect,
    least_norm,
    responses_to_show,
    seeds_needed,
    step_power,
)
from lwd_tui.analysis.sequences import simultaneous_level
from lwd_tui.analysis.upper_bound import responses_needed
from lwd_tui.experiment.llm import Experiment
from lwd_tui.run.basis import Basis
from lwd_tui.run.cost import answers_each
from lwd_tui.text import json_number, number_text


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What a run could show, and what it costs.

    Attributes
    ----------
    experiment : Experiment
    basis : Basis
    level, power : float
        One minus the level of tests; the probability with which something is to show.
    floor : float
        The noise floor to expect.
    least_norm : float
        Between true means, that one step shows; infinite where no answers could show any.
    margin : float or None
        The norm that is wished for, and of it:
    margin_power : float or None
        the probability that one step shows it;
    responses_to_show : int or None
        the least L with which it does;
    responses_for_same : int or None
        the least L with which "the same within it" could be shown at all: unit vectors only.
    seeds : int
        R, pairs of runs of two variants with one seed.
    least_effect, least_difference : float
        Between variants, in standard deviations of their differences, and as a norm.
    seeds_to_show : int or None
        The least R with which a difference of `margin` shows.
    """

    experiment: Experiment
    basis: Basis
    level: float
    power: float
    floor: float
    least_norm: float
    margin: float | None
    margin_power: float | None
    responses_to_show: int | None
    responses_for_same: int | None
    seeds: int
    least_effect: float
    least_difference: float
    seeds_to_show: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; None is what isn't known, or can't be shown."""
        experiment, basis = self.experiment, self.basis
        return {
            "experiment": experiment.name,
            "participants": [who.name for who in experiment.cast],
            "responses": experiment.responses,
            "steps": experiment.steps + 1,
            "source": basis.source,
            "confidence": self.level,
            "power": self.power,
            "dispersion": [json_number(each) for each in basis.scatter.dispersion],
            "directions": json_number(basis.scatter.directions),
            "noise_floor": json_number(self.floor),
            "least_norm": json_number(self.least_norm),
            "margin": self.margin,
            "margin_power": self.margin_power,
            "responses_to_show": self.responses_to_show,
            "responses_for_same": self.responses_for_same,
            "seeds": self.seeds,
            "deviation": json_number(basis.deviation),
            "least_effect": json_number(self.least_effect),
            "least_difference": json_number(self.least_difference),
            "seeds_to_show": self.seeds_to_show,
            "cost": {
                "responses": answers_each(experiment) * len(experiment.cast),
                "prompt_tokens": basis.prompt_tokens,
                "new_tokens": basis.new_tokens,
                "seconds": basis.seconds,
                "disk": basis.disk,
                "memory": basis.memory,
            },
        }


def outlook(
    experiment: Experiment,
    basis: Basis,
    *,
    margin: float | None = None,
    seeds: int = 6,
    level: float = 0.95,
    power: float = 0.8,
) -> Outlook:
    """Work out what a run could show.

    Parameters
    ----------
    experiment : Experiment
        With its participants chosen.
    basis : Basis
        Of the same participants and embedder.
    margin : float, optional
        The norm, or the difference between the norms of two variants, that is wished for.
    seeds : int
        R.
    level, power : float
    """
    found, n = basis.scatter, len(experiment.cast)
    effect, deviation = least_effect(seeds, level, power), math.sqrt(2) * basis.deviation
    shown: dict[str, Any] = dict.fromkeys(
        ("margin_power", "responses_to_show", "responses_for_same", "seeds_to_show")
    )
    if margin is not None and n > 1:
        shown["margin_power"] = step_power(margin, found, experiment.responses, level)
        shown["responses_to_show"] = responses_to_show(margin, found, level, power)
        if experiment.embedder.normalise:
            each = simultaneous_level(level, experiment.steps + 1)
            shown["responses_for_same"] = responses_needed(margin, n, each)
        if deviation > 0:
            shown["seeds_to_show"] = seeds_needed(margin, deviation, level, power)
    return Outlook(
        experiment,
        basis,
        level,
        power,
        expected_floor(found, experiment.responses),
        least_norm(found, experiment.responses, level, power) if n > 1 else math.nan,
        margin,
        seeds=seeds,
        least_effect=effect,
        least_difference=effect * deviation,
        **shown,
    )


def clause(experiment: Experiment, found: Scatter) -> str:
    """Say in a clause what one step could show of the norm; "" for one participant."""
    if len(experiment.cast) < 2:
        return ""
    floor = f"noise floor about {number_text(expected_floor(found, experiment.responses))}"
    least = least_norm(found, experiment.responses)
    if math.isinf(least):
        return f"{floor}, and L = {experiment.responses} can't show a difference at a step"
    return f"{floor}; a step shows a norm of {number_text(least)} four times of five"
