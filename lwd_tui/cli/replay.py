"""`lwd-tui replay`: a stored run, told step by step as it was told when it was made."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Annotated

import typer

from lwd_tui.cli.options import Run, StepsAsJson
from lwd_tui.cli.shared import plain_console, write
from lwd_tui.errors import LwdError

if TYPE_CHECKING:
    from lwd_tui.cli.progress import LineReporter
    from lwd_tui.store.run import RunStore

# Mixtures take hundreds of steps, language models tens.
_LLM_PACE, _GMM_PACE = 0.5, 0.05


def replay(
    run: Run,
    pace: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds a step; 0.5, or 0.05 for mixtures, unless you say so."),
    ] = None,
    as_recorded: Annotated[
        bool, typer.Option("--as-recorded", help="Take as long for each step as the run did.")
    ] = False,
    as_json: StepsAsJson = False,
) -> None:
    """Tell a stored run again, step by step; no model is asked."""
    from lwd_tui.cli.progress import LineReporter
    from lwd_tui.lessons.recorded import run_called
    from lwd_tui.store.errors import run_name
    from lwd_tui.store.folder import reference
    from lwd_tui.store.run import RunStore

    if pace is not None and as_recorded:
        raise LwdError("--pace and --as-recorded: give one of them")
    if pace is not None and not math.isfinite(pace):
        raise LwdError(f"--pace {pace}: must be a number of seconds")
    with RunStore.open(run_called(run)) as store:
        store.look_at(0)
        if not store.finished():
            name = reference(store.path)
            raise LwdError(f"{name} has no whole step yet; go on with: lwd-tui resume {name}")
        if as_recorded and store.kind == "gmm":
            raise LwdError("mixtures are computed at once, so no pace is recorded; use --pace")
        reporter = LineReporter(plain_console(stderr=True))
        reporter.notice(f"run {run_name(store.path)}, kept in {store.path}")
        if store.kind == "gmm":
            _replay_gmm(store, reporter, _GMM_PACE if pace is None else pace, as_json)
        else:
            default = None if as_recorded else _LLM_PACE
            _replay_llm(store, reporter, default if pace is None else pace, as_json)


def _replay_llm(store: RunStore, reporter: LineReporter, pace: float | None, as_json: bool) -> None:

    from lwd_tui.cli.summary import print_summary, step_lines, summary_line
    from lwd_tui.llm.network import AttemptRejected, StepCompleted
    from lwd_tui.store.folder import reference

    for note in store.record.get("notes", ()):
        reporter.notice(note)
    reporter.start(store.experiment, 0)
    numbers = store.numbers()
    for line, as_line in zip(numbers, step_lines(store), strict=True):
        time.sleep(line.seconds if pace is None else pace)
        step = store.step(line.t)
        for answer in store.arrived(line.t):
            for attempt in answer.attempts[:-1]:
                reporter.see(
                    AttemptRejected(step.t, answer.participant, answer.index, attempt, answer.query)
                )
        reporter.see(StepCompleted(step))
        if as_json:
            write(as_line)
    if as_json:
        write(summary_line(store))
    else:
        print_summary(store, plain_console())
    steps = store.experiment.steps + 1
    if len(numbers) < steps:
        reporter.notice(
            f"{len(numbers)} of {steps} steps are stored; "
            f"go on with: lwd-tui resume {reference(store.path)}"
        )


def _replay_gmm(store: RunStore, reporter: LineReporter, pace: float, as_json: bool) -> None:
    from lwd_tui.cli.gmm import json_lines, print_gmm
    from lwd_tui.run.recorded import stored_mixtures
    from lwd_tui.text import number_text

    run = stored_mixtures(store)
    lines = json_lines(run)
    last = run.weights.shape[1] - 1
    for numbers, line in zip(store.numbers(), lines, strict=False):
        time.sleep(pace)
        reporter.notice(
            f"t {numbers.t}/{last}  k {numbers.k}  |A| {numbers.size}  "
            f"median norm {number_text(numbers.norm)}"
        )
        if as_json:
            write(line)
    if as_json:
        for line in lines:
            write(line)
    else:
        print_gmm(run)
