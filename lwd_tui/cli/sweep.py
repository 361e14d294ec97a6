"""`lwd-tui sweep`: variants of an experiment with several seeds, and what they came to."""

from __future__ import annotations

import math
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lwd_tui.cli.options import Level, RunsAsJson
from lwd_tui.cli.shared import (
    check_level,
    plain_column,
    plain_console,
    plain_table,
    print_table,
    write,
)
from lwd_tui.errors import RunStopped
from lwd_tui.text import json_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from lwd_tui.sweep.jobs import Job
    from lwd_tui.sweep.results import Estimate, RunResult, VariantResult

_ROWS, _TITLE = 19, 78
_GO_ON = "stopped; what arrived is stored, and the same command goes on with it"


def sweep(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A sweep's name, or the path of a TOML file.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the runs; what is there is gone on with.")
    ] = None,
    at_once: Annotated[
        int | None,
        typer.Option(
            "--at-once",
            min=1,
            help="Runs at a time, each in a process (1; of a cluster as many as it has threads).",
            show_default=False,
        ),
    ] = None,
    dask: Annotated[
        str, typer.Option(help="A Dask scheduler's address: its workers make the runs.")
    ] = "",
    per_server: Annotated[
        int,
        typer.Option(
            "--per-server", min=1, help="With --dask: requests in flight at one server, in all."
        ),
    ] = 8,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="With scripted models, in seconds, kept apart.")
    ] = False,
    level: Level = 0.95,
    as_json: RunsAsJson = False,
) -> None:
    """Run variants of an experiment with several seeds, and compare them."""
    import asyncio

    from lwd_tui.cli.sweep_protocol import moved_line, print_moved
    from lwd_tui.experiment.participants import REHEARSAL, Wishes
    from lwd_tui.store.folder import made_folder
    from lwd_tui.sweep.conduct import in_processes, right_to_run
    from lwd_tui.sweep.jobs import jobs_of, run_jobs, settled
    from lwd_tui.sweep.protocol import moved
    from lwd_tui.sweep.results import run_result, variant_results
    from lwd_tui.sweep.variants import find_sweep, read_sweep, sweep_folder
    from lwd_tui.text import clean_line

    check_level(level)
    where = find_sweep(file)
    plan = read_sweep(where)
    folder = out or sweep_folder(plan)
    if rehearse:
        folder = folder.with_name(f"{folder.name}-rehearsal")
    errors = plain_console(stderr=True)
    wishes = Wishes(REHEARSAL) if rehearse else Wishes()

    def say(text: str) -> None:
        errors.print(clean_line(text), soft_wrap=True)

    jobs = asyncio.run(settled(jobs_of(plan, where, folder), wishes, say))
    made_folder(folder)
    say(f"{len(jobs)} runs, kept in {folder}")
    with right_to_run(folder), _progress(jobs, errors) as tell:
        if dask:
            from lwd_tui.sweep.cluster import ClusterSweep

            cluster = ClusterSweep(jobs, dask, at_once, per_server, tell, say)
            with _ended_at_once(say):
                asyncio.run(cluster.run())
            problems = cluster.problems
        else:
            with in_processes(min(at_once or 1, len(jobs))) as executor, _ended_at_once(say):
                problems = run_jobs(jobs, executor, at_once or 1, tell)
    for job, problem in problems.items():
        say(f"{job.variant}, seed {job.seed}: {problem}")
    if rehearse:
        say("a rehearsal with scripted models: its numbers say nothing of real ones")
    results = [run_result(job) for job in jobs if job not in problems]
    variants = variant_results([variant.name for variant in plan.variants], results, level)
    protocol = moved(plan.variants, results, level)
    if as_json:
        for result in results:
            write(_run_line(result))
        summary = _summary_line(plan.name, variants, level, len(problems))
        write(summary | {"protocol": list(map(moved_line, protocol))})
    else:
        console = plain_console()
        _print(variants, level, console)
        if results and protocol:
            print_moved(protocol, level, console)
    if problems:
        raise RunStopped(
            f"{len(problems)} of {len(jobs)} runs stopped; the same command goes on with them"
        )


@contextmanager
def _ended_at_once(say: Callable[[str], None]) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM end the runs under way, which may take hours, and say what to do."""

    def stop(*_: object) -> None:
        raise RunStopped(_GO_ON)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except BaseException as error:
        for process in multiprocessing.active_children():
            process.terminate()
        if isinstance(error, KeyboardInterrupt):
            say(_GO_ON)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(jobs: Sequence[Job], console: Console) -> Iterator[Callable[[Job, int], None]]:
    """Show how far the runs are: a bar where somebody looks, else a line a finished run."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    def name(job: Job) -> str:
        return f"{job.variant}, seed {job.seed}"

    if not console.is_terminal:

        def tell_line(job: Job, steps: int) -> None:
            if steps == job.steps:
                console.print(f"done: {name(job)}")

        yield tell_line
        return
    done = dict.fromkeys(jobs, 0)
    columns = plain_column(), BarColumn(bar_width=24), MofNCompleteColumn()
    with Progress(*columns, TextColumn("steps"), Left(), console=console) as progress:
        bar = progress.add_task("", total=sum(job.steps for job in jobs))

        def tell_bar(job: Job, steps: int) -> None:
            done[job] = steps
            whole = sum(steps == job.steps for job, steps in done.items())
            words = f"{whole} of {len(jobs)} runs; {name(job)}"
            progress.update(bar, completed=sum(done.values()), description=words)

        yield tell_bar


def _run_line(result: RunResult) -> dict[str, Any]:
    return {
        "variant": result.job.variant,
        "seed": result.job.seed,
        "file": str(result.job.path),
        "norms": [json_number(norm) for norm in result.norms],
        "early": {key: json_number(value) for key, value in result.early.items()},
        "late": {key: json_number(value) for key, value in result.late.items()},
    }


def _summary_line(
    name: str, variants: Sequence[VariantResult], level: float, stopped: int
) -> dict[str, Any]:
    def plain(values: dict[str, Estimate]) -> dict[str, Any]:
        return {
            key: {"mean": json_number(value.mean), "half_width": json_number(value.half)}
            for key, value in values.items()
        }

    return {
        "summary": True,
        "sweep": name,
        "level": level,
        "stopped": stopped,
        "reference": variants[0].name,
        "variants": [
            {
                "name": variant.name,
                "runs": variant.runs,
                "norms": [json_number(norm) for norm in variant.norms],
                "values": plain(variant.values),
                "changes": plain(variant.changes),
                "differences": plain(variant.differences),
                "one_scale": not variant.why_none,
            }
            for variant in variants
        ],
    }


def _print(variants: Sequence[VariantResult], level: float, console: Console) -> None:
    from rich.text import Text

    from lwd_tui.cli.plots import Canvas, Line, curves, print_plot
    from lwd_tui.palette import colour, marker

    if not any(variant.runs for variant in variants):
        return
    lines = [
        Line(f"{each.name} ({each.runs})", marker(i), colour(i), each.norms)
        for i, each in enumerate(variants)
        if each.runs
    ]
    title = "‖D(t)‖F, mean over seeds (runs)"
    if plot := curves(lines, title, Canvas.on(console, _ROWS)):
        print_plot(console, plot)
        console.print()
    title = (
        f"last third of the steps: mean over seeds, and its {100 * level:g}% interval (Student's t)"
    )
    print_table(console, _table(title, [(each.name, each.values) for each in variants]))
    title = "from the first third of the steps to the last: change, run by run"
    console.print()
    print_table(console, _table(title, [(each.name, each.changes) for each in variants]))
    if len(variants) > 1:
        title = f"difference from {variants[0].name}, seed by seed; intervals for one number each"
        rows = [(each.name, each.differences) for each in variants[1:]]
        console.print()
        print_table(console, _table(title, rows))
        for each in variants:
            if each.why_none:
                console.print(Text(f"{each.name}: {each.why_none}"))


def _table(title: str, rows: Sequence[tuple[str, dict[str, Estimate]]]) -> Table:
    from rich.text import Text

    from lwd_tui.sweep.results import TITLES
    from lwd_tui.text import number_text as number

    table = plain_table(title=title, title_style="bold")
    table.min_width = min(len(title), _TITLE)  # A single column would break it word by word.
    table.add_column("variant")
    known = [key for key in TITLES if any(not math.isnan(each[key].mean) for _, each in rows)]
    for key in known:
        table.add_column(TITLES[key], justify="right", no_wrap=True)
    for name, values in rows:
        means = [number(values[key].mean, 2) for key in known]
        halves = [f"±{number(values[key].half, 2)}" for key in known]
        cells = (f"{mean}\n{half}" for mean, half in zip(means, halves, strict=True))
        table.add_row(Text(name), *cells)
    return table
