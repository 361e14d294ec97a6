"""A run as a table and two plots: the result of a headless run, and of `runs show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lwd_tui.cli.plots import Canvas, curves, norm_lines, print_plot, scatter
from lwd_tui.cli.shared import plain_table, print_table
from lwd_tui.findings.forks import in_words
from lwd_tui.palette import marker
from lwd_tui.store.errors import run_name
from lwd_tui.store.records import StepNumbers
from lwd_tui.store.run import RunStore
from lwd_tui.text import clean_line, json_number
from lwd_tui.text import number_text as number

_PLOT_ROWS, _SCATTER_ROWS = 17, 21
_MOST_ALONE = 6
"""Queries whose norms have columns of their own."""


def step_lines(store: RunStore, since: int = 0) -> list[dict[str, Any]]:
    """Return the JSON objects of whole steps; of several queries with the norm of each."""
    lines = [_step_line(numbers) for numbers in store.numbers(since)]
    for each in zip(lines, *store.numbers_each(since), strict=True) if store.queries > 1 else ():
        line, *alone = each
        line["norm_each"] = [json_number(numbers.norm) for numbers in alone]
    return lines


def _step_line(numbers: StepNumbers) -> dict[str, Any]:
    """Return the JSON object of one step."""
    return {
        "t": numbers.t,
        "k": numbers.k,
        "posts": numbers.size,
        "synthetic": numbers.synthetic,
        "norm": json_number(numbers.norm),
        "norm_debiased": json_number(numbers.norm_debiased),
        "noise_floor": json_number(numbers.noise_floor),
        "dispersion": [json_number(value) for value in numbers.dispersion],
        "failed": numbers.failed,
        "seconds": round(numbers.seconds, 3),
    }


def summary_line(store: RunStore) -> dict[str, Any]:
    """Return the JSON object that follows the steps."""
    experiment, steps = store.experiment, store.numbers()
    record: Mapping[str, Any] = store.record
    more: dict[str, Any] = {"fork": asdict(fork)} if (fork := store.fork) else {}
    if store.queries > 1:
        more |= {"queries": list(experiment.queries), "of_query": store.query}
    return more | {
        "summary": True,
        "run": run_name(store.path),
        "file": str(store.path),
        "experiment": experiment.name,
        "experiment_sha256": experiment.sha256,
        "participants": [who.name for who in experiment.cast],
        "models": [who.model for who in experiment.cast],
        "embedder": experiment.embedder.model,
        "normalised": experiment.embedder.normalise,
        "seed": experiment.seed,
        "responses": experiment.responses,
        "beta": experiment.beta,
        "steps_done": len(steps),
        "steps": experiment.steps + 1,
        "done": len(steps) > experiment.steps,
        "norm_first": json_number(steps[0].norm) if steps else None,
        "norm_last": json_number(steps[-1].norm) if steps else None,
        "failed": sum(step.failed for step in steps),
        "notes": list(record.get("notes", ())),
        "seconds": round(sum(step.seconds for step in steps), 3),
    }


def print_summary(store: RunStore, console: Console) -> None:
    """Print the table of steps, the curve of the norm and the scatter of the last step."""
    experiment, steps = store.experiment, store.numbers()
    names = [clean_line(who.name) for who in experiment.cast]
    if not steps:
        console.print("No step is whole yet.")
        return
    if fork := store.fork:
        said = f"forked from {fork.parent} at t = {fork.at}, changed: {in_words(fork)}"
        console.print(Text(clean_line(said)))
    alone = store.numbers_each() if store.query == 0 else []
    print_table(console, _table(steps, names, store.scale, alone[:_MOST_ALONE]))
    lines = norm_lines(
        [step.norm for step in steps],
        [step.norm_debiased for step in steps],
        [step.noise_floor for step in steps],
    )
    title = f"‖D(t)‖F, {store.scale}"
    if text := curves(lines, title, Canvas.on(console, _PLOT_ROWS)):
        console.print()
        print_plot(console, text)
    last = store.step(steps[-1].t)
    if last.geometry is not None and len(last.embeddings):
        shown = f"{100 * last.geometry.explained:.0f} %"
        what = "responses" if store.query else f"replicates of {store.queries} answers"
        title = f"{what} at t = {last.t}: classical MDS, {shown} shown"
        scale = float(np.linalg.norm(last.embeddings, axis=1).mean())
        canvas = Canvas.on(console, _SCATTER_ROWS)
        console.print()
        print_plot(console, scatter(last.geometry, names, title, canvas, scale))
    for who, response in zip(names, _posted(store, steps), strict=False):
        console.print(Text(f"{who}: ", style="bold"), Text(response), sep="")


def _posted(store: RunStore, steps: Sequence[StepNumbers]) -> list[str]:
    """Return what each participant posted last; nothing for one whose answers all failed."""
    last = store.step(steps[-1].t)
    said = {post.author: clean_line(post.text) for post in last.posted}
    return [
        said.get(who.name, "(it is silent)" if who.silent else "(no usable answer)")
        for who in store.experiment.cast
    ]


def _table(
    steps: Sequence[StepNumbers],
    names: Sequence[str],
    scale: str,
    alone: Sequence[Sequence[StepNumbers]],
) -> Table:
    """Return the table of steps, with the norms of the queries alone."""
    caption = f"norm: ‖D(t)‖F of {scale}, every pair twice; S: dispersion of a participant"
    table = plain_table(caption=caption)
    for heading in ("t", "k", "|A|", "norm", "debiased", "noise floor"):
        table.add_column(heading, justify="right")
    for which in range(1, len(alone) + 1):
        table.add_column(f"norm q{which}", justify="right")
    for position, name in enumerate(names):
        table.add_column(f"S {marker(position)} {name}", justify="right")
    table.add_column("failed", justify="right")
    for place, step in enumerate(steps):
        table.add_row(
            str(step.t),
            str(step.k),
            str(step.size),
            number(step.norm),
            number(step.norm_debiased),
            number(step.noise_floor),
            *(number(each[place].norm) for each in alone),
            *(number(value) for value in step.dispersion),
            str(step.failed or ""),
        )
    return table
