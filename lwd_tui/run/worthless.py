"""Runs that show nothing: there is no going on with them."""

from __future__ import annotations

from collections import Counter

from lwd_tui.errors import RunWorthless
from lwd_tui.store.errors import run_name
from lwd_tui.store.reader import RunReader

WORTHLESS = "worthless"
"""The event of a run that was stopped for good."""


def refuse_worthless(store: RunReader) -> None:
    """Raise RunWorthless if a run was stopped for good, or is whole and shows nothing."""
    if told := [event for event in store.events() if event.kind == WORTHLESS]:
        raise RunWorthless(
            f"{run_name(store.path)} can't be gone on with; delete it and begin anew: "
            f"{told[-1].message}"
        )
    refuse_nothing(store)


def refuse_nothing(store: RunReader) -> None:
    """Raise RunWorthless if not one answer of a whole run could be used: it shows nothing."""
    experiment = store.experiment
    asked = len(experiment.cast) * experiment.responses
    each = store.numbers_each() or [store.numbers()]
    numbers = each[0]
    if len(numbers) <= experiment.steps or any(at.failed < asked for alone in each for at in alone):
        return
    step = store.step(numbers[-1].t)
    reasons = Counter(answer.final.problem for answer in step.responses)
    total = asked * len(numbers) * len(each)
    raise RunWorthless(
        f"not one of the {total} answers could be used (at the last step most "
        f"often: {reasons.most_common(1)[0][0]}); look at some with `lwd-tui runs show`, mend "
        "the prompt, max_tokens or the model, and begin anew"
    )
