"""`lwd-tui compare`: several runs in one picture and one table."""

from __future__ import annotations

import math
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from itertools import starmap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lwd_tui.cli.options import Level, OfQuery, RunsAsJson
from lwd_tui.cli.shared import (
    check_answers,
    check_level,
    counted,
    plain_console,
    plain_table,
    print_table,
    write,
)
from lwd_tui.errors import LwdError
from lwd_tui.text import json_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.table import Table

    from lwd_tui.analysis.collapse import CollapseTimes
    from lwd_tui.findings.comparison import ComparedRun
    from lwd_tui.findings.forks import Branch
    from lwd_tui.types import Floats

_ROWS, _LONGEST = 19, 40


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Names or files of runs.")],
    margin: Annotated[
        float | None,
        typer.Option(help="Norm below which the participants count as the same: since when?"),
    ] = None,
    level: Level = 0.95,
    of_query: OfQuery = 0,
    as_json: RunsAsJson = False,
) -> None:
    """Lay the norms of several runs over each other, and say in what the runs differ."""
    from lwd_tui.cli.compare_forks import branch_line, branch_table
    from lwd_tui.cli.plots import Canvas, Line, curves, print_plot
    from lwd_tui.findings.comparison import compared, differences, replicates, why_norms_differ
    from lwd_tui.findings.forks import branches
    from lwd_tui.lessons.recorded import run_called
    from lwd_tui.palette import colour, marker
    from lwd_tui.store.errors import run_name
    from lwd_tui.store.run import RunStore

    check_level(level)
    paths = [run_called(run) for run in runs]
    called = Counter(map(run_name, set(paths)))
    found: list[ComparedRun] = []
    with ExitStack() as stack:
        stores = [stack.enter_context(RunStore.open(path)) for path in paths]
        for store in stores:
            run = compared(store.look_at(of_query))
            # Runs of one name, kept in several folders, are told apart by their files.
            found.append(replace(run, name=str(store.path)) if called[run.name] > 1 else run)
            if not found[-1].numbers:
                name = found[-1].name
                raise LwdError(f"{name} has no whole step yet; go on with `lwd-tui resume`")
        told = branches(stores, level)
    differing, why = differences(found), why_norms_differ(run.scale for run in found)
    alone = [run.name for run in found if run.n < 2]
    if margin is not None and alone:
        raise LwdError(f"--margin: {alone[0]} has one participant only, which is at no distance")
    # From when on a run stayed together to its end is known of those that have come to it.
    whole = [place for place, run in enumerate(found) if len(run.numbers) == run.steps]
    if margin is not None and not whole:
        raise LwdError("--margin: no run is whole yet; go on with `lwd-tui resume`")
    times = (
        None
        if margin is None
        else _times([paths[place] for place in whole], margin, level, of_query)
    )
    if as_json:
        since = {} if times is None else dict(zip(whole, times.times, strict=True))
        for place, run in enumerate(found):
            collapse = json_number(since.get(place, math.nan))
            write(_line(run, differing[place]) | {"collapsed_at": collapse})
        same = replicates(found)
        alike = {"margin": margin, "one_scale": not why, "replicates": same}
        names = [run.name for run in found]
        forks = {"forks": [branch_line(branch, names) for branch in told]} if told else {}
        write(_summary(found, times if same else None) | alike | forks)
        return
    console = plain_console()
    drawn = list(_curves(found, told))
    lines = [Line(name, marker(i), colour(i), norms) for i, (name, norms) in enumerate(drawn)]
    if plot := curves(lines, "‖D(t)‖F", Canvas.on(console, _ROWS)):
        print_plot(console, plot)
        console.print()
    signs = {line.label: line.sign for line in lines}
    print_table(console, _table(found, differing, signs))
    if why:
        console.print(why)
    for branch in told:
        console.print()
        print_table(console, branch_table(branch, level))
    if times is not None:
        console.print(_collapse_sentence(times, margin, replicates(found)))
        if left := len(found) - len(whole):
            are = "1 isn't whole, and isn't" if left == 1 else f"{left} aren't whole, and aren't"
            console.print(f"{are} counted")


def _curves(
    found: Sequence[ComparedRun], told: Sequence[Branch]
) -> Iterator[tuple[str, Sequence[float] | Floats]]:
    """Yield a name and norms: of each run, a fork's from where it left its parent.

    Of forks in several pairs, and of their twins, the mean is drawn.
    """
    from lwd_tui.findings.comparison import begins

    many = [branch for branch in told if len(branch.pairs) > 1]
    parents = {branch.parent for branch in many}
    together = {run for branch in many for pair in branch.pairs for run in pair}
    for i, (run, first) in enumerate(zip(found, begins(found), strict=True)):
        if i not in together or run.name in parents:
            yield run.name, [math.nan] * first + [step.norm for step in run.numbers[first:]]
    for branch in many:
        before = [math.nan] * branch.at
        seeds = f"t = {branch.at}, mean of {len(branch.pairs)}"
        yield f"twins, {seeds}", [*before, *branch.twins]
        yield f"{branch.change}, {seeds}", [*before, *branch.forks]


def _times(paths: list[Path], margin: float, level: float, of_query: int) -> CollapseTimes:
    from lwd_tui.analysis.collapse import collapse_times
    from lwd_tui.analysis.equivalence import equivalence
    from lwd_tui.findings.step import upper_bound
    from lwd_tui.findings.verdicts import out_of_reach
    from lwd_tui.store.errors import run_name
    from lwd_tui.store.run import RunStore

    equivalence((), margin)
    bounds = []
    for path in paths:
        name = run_name(path)
        with RunStore.open(path) as store:
            check_answers(store.look_at(of_query))
            if why := out_of_reach(store, level, margin):
                raise LwdError(f"--margin {margin:g} can't be judged in {name}: {why.why}")
            steps = counted(range(store.finished()), name)
            bounds.append([upper_bound(store, store.step(t), level) for t in steps])
    return collapse_times(bounds, margin, level)


def _line(run: ComparedRun, differing: dict[str, Any]) -> dict[str, Any]:
    first, last = run.numbers[0], run.numbers[-1]
    return {
        "run": run.name,
        "seed": run.seed,
        "steps_done": len(run.numbers),
        "steps": run.steps,
        "norms": [json_number(step.norm) for step in run.numbers],
        "norm_first": json_number(first.norm),
        "norm_last": json_number(last.norm),
        "norm_debiased_last": json_number(last.norm_debiased),
        "noise_floor_last": json_number(last.noise_floor),
        "dispersion_first": json_number(run.dispersions[0]),
        "dispersion_last": json_number(run.dispersions[1]),
        "differs_in": differing,
    }


def _summary(found: list[ComparedRun], times: CollapseTimes | None) -> dict[str, Any]:
    line: dict[str, Any] = {"summary": True, "runs": len(found)}
    if times is not None:
        line |= {
            "collapse_median": json_number(times.median),
            "collapse_interval": [json_number(times.lower), json_number(times.upper)],
            "level": times.level,
        }
    return line


def _table(
    found: list[ComparedRun], differing: list[dict[str, Any]], signs: dict[str, str]
) -> Table:
    from rich.text import Text

    from lwd_tui.text import clean_line, number_text

    table = plain_table()
    table.add_column("run", overflow="fold")
    for heading in ("seed", "t", "norm", "→", "debi-\nased", "floor", "S", "→"):
        table.add_column(heading, justify="right", no_wrap=True)
    if any(differing):
        table.add_column("differs in", overflow="fold")
    for run, fields in zip(found, differing, strict=True):
        first, last = run.numbers[0], run.numbers[-1]
        # Of forks in pairs the mean is drawn, and each has no sign of its own.
        table.add_row(
            Text(f"{signs.get(run.name, ' ')} {clean_line(run.name)}"),
            str(run.seed),
            str(last.t),
            number_text(first.norm),
            number_text(last.norm),
            number_text(last.norm_debiased),
            number_text(last.noise_floor),
            *(number_text(value) for value in run.dispersions),
            *([Text(", ".join(starmap(_setting, fields.items())))] if any(differing) else ()),
        )
    return table


def _setting(name: str, value: Any) -> str:
    from lwd_tui.findings.comparison import setting_text
    from lwd_tui.text import clean_line

    return f"{clean_line(name)} = {setting_text(value, _LONGEST)}"


def _collapse_sentence(times: CollapseTimes, margin: float | None, alike: bool) -> str:
    from lwd_tui.analysis.collapse import fewest_runs

    runs = len(times.times)
    done = sum(math.isfinite(time) for time in times.times)
    sentence = f"{done} of {runs} runs had come below {margin:g} for good"
    if not alike:
        return f"{sentence}; no median, since they differ in more than their seeds"
    if not math.isfinite(times.median):
        return f"{sentence}; no median"
    level = f"{100 * times.level:g}%"
    interval = f"no interval at {level} from fewer than {fewest_runs(times.level)} runs"
    if math.isfinite(times.lower):
        end = f"to {times.upper:g}" if math.isfinite(times.upper) else "on, with no upper end"
        interval = f"{times.lower:g} {end}, at {level}"
    return f"{sentence}, the median at t = {times.median:g} ({interval})"
