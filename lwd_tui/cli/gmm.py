"""`lwd-tui gmm`: the Gaussian-mixture proxy, run at once and shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lwd_tui.cli.options import StepsAsJson
from lwd_tui.cli.shared import plain_console, plain_table, print_table, write
from lwd_tui.errors import LwdError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from lwd_tui.experiment.gmm import GmmRun
    from lwd_tui.run.mixtures import GmmSummary

_CURVE_ROWS, _DENSITY_ROWS, _MOST_ROWS = 19, 12, 20


def gmm(
    preset: Annotated[
        str, typer.Option(help="A preset's name, or the path of a TOML file.")
    ] = "gmm-fig4",
    replicates: Annotated[int | None, typer.Option(help="Runs from different seeds.")] = None,
    steps: Annotated[int | None, typer.Option(help="T: the run has steps 0 to T.")] = None,
    responses: Annotated[int | None, typer.Option(help="L: points a mixture and step.")] = None,
    beta: Annotated[float | None, typer.Option(help="Share of the points that is drawn.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all randomness.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="FIELD=VALUE: any field, such as alpha=0.05 or eps=0."),
    ] = None,
    at: Annotated[
        str, typer.Option(help="Steps whose densities are drawn, such as 0,10,200.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="File to keep the run in.")] = None,
    as_json: StepsAsJson = False,
) -> None:
    """Run networks of Gaussian mixtures: the paper's proxy, in seconds."""
    from lwd_tui.experiment.files import changed_gmm, load_gmm_preset
    from lwd_tui.experiment.section import parse_setting
    from lwd_tui.gmm.network import simulate
    from lwd_tui.store.connection import refuse_place
    from lwd_tui.store.folder import reference

    given = {
        "replicates": replicates,
        "steps": steps,
        "responses": responses,
        "beta": beta,
        "seed": seed,
    }
    changes = dict(parse_setting(setting) for setting in settings or ())
    changes |= {name: value for name, value in given.items() if value is not None}
    spec = changed_gmm(load_gmm_preset(preset), changes)
    times = _times(at, spec.steps)
    if out is not None:
        refuse_place(out)
    run = simulate(spec, progress=_progress)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if out is not None:
        from lwd_tui.run.mixtures import keep

        keep(run, out)
        again = f"lwd-tui runs show {reference(out)}"
        sys.stderr.write(f"stored in {out}; show it again with: {again}\n")
    if as_json:
        write_json(run)
    else:
        print_gmm(run, times)


def write_json(run: GmmRun) -> None:
    """Write one object a step, with the norm of each replicate, then a summary."""
    for line in json_lines(run):
        write(line)


def json_lines(run: GmmRun) -> Iterator[dict[str, Any]]:
    """Yield what `write_json` writes."""
    from lwd_tui.analysis.weights import norms
    from lwd_tui.run.mixtures import sizes, summarise, theory
    from lwd_tui.text import json_number

    expected = theory(run).tolist()
    curves, (k, size) = norms(run.weights).T.tolist(), sizes(run)
    for t, norm in enumerate(curves):
        yield {
            "t": t,
            "k": int(k[t]),
            "posts": int(size[t]),
            "norm": [json_number(value) for value in norm],
            "theory": json_number(expected[t]),
        }
    spec = run.spec
    yield {
        "summary": True,
        "experiment": spec.name,
        "experiment_sha256": spec.sha256,
        "seed": spec.seed,
        "replicates": len(run.replicates),
        "participants": spec.participants,
        "components": spec.components,
        "steps": spec.steps + 1,
        **summarise(run).to_dict(),
    }


def print_gmm(run: GmmRun, times: tuple[int, ...] = ()) -> None:
    """Print the curves, the densities at some steps (a few if none are given) and a table."""
    from lwd_tui.cli.gmm_plots import density_plot, norm_plot, weights_plot
    from lwd_tui.cli.plots import Canvas, print_plot
    from lwd_tui.run.mixtures import summarise, theory

    console = plain_console()
    large, small = Canvas.on(console, _CURVE_ROWS), Canvas.on(console, _DENSITY_ROWS)
    last = run.weights.shape[1] - 1
    chosen = times or tuple(sorted({0, last // 20, last // 4, last}))
    plots = [norm_plot(run, theory(run), large)] if run.spec.participants > 1 else []
    plots += [density_plot(run, 0, t, small) for t in chosen]
    for plot in (*plots, weights_plot(run, 0, large)):
        print_plot(console, plot)
        console.print()
    summary = summarise(run)
    print_table(console, _table(run, summary))
    _print_shares(run, summary, console)


def _table(run: GmmRun, summary: GmmSummary) -> Table:
    from lwd_tui.text import number_text

    left_out = len(run.replicates) - _MOST_ROWS
    caption = f"{left_out} more replicates are in --json and --out" if left_out > 0 else None
    table = plain_table(caption=caption)
    for heading in ("replicate", "norm first", "last", "set to eps", "first death", "from vertex"):
        table.add_column(heading, justify="right")
    for number, row in list(zip(run.replicates, summary.rows(), strict=True))[:_MOST_ROWS]:
        first, last, lifted, death, vertex = row
        table.add_row(
            str(number),
            number_text(first),
            number_text(last, 4),
            str(lifted),
            str(death) if death >= 0 else "–",
            f"{vertex:.3f}",
        )
    return table


def _print_shares(run: GmmRun, summary: GmmSummary, console: Console) -> None:
    from lwd_tui.run.mixtures import NEAR_ZERO
    from lwd_tui.text import number_text

    count = len(run.replicates)
    near = "a mixture alone has no norm"
    if run.spec.participants > 1:
        near = f"{round(summary.near_zero * count)} of {count} ended with a norm below {NEAR_ZERO}"
    console.print(
        f"\n{near}; "
        f"{int(summary.polarised.sum())} polarised, {int(summary.collapsed.sum())} at one vertex; "
        f"sums of weights within {summary.drift:.1e} of 1",
    )
    console.print(
        f"norm over the last half of the steps: {number_text(summary.floor_measured, 4)}; "
        f"predicted noise floor: {number_text(summary.floor_predicted, 4)}",
    )


def _times(at: str, last: int) -> tuple[int, ...]:
    try:
        times = tuple(int(part) for part in at.split(",") if part.strip())
    except ValueError:
        raise LwdError(
            f"--at {at!r}: write steps with commas between them, as in 0,10,200"
        ) from None
    for t in times:
        if not 0 <= t <= last:
            raise LwdError(f"--at {at!r}: there is no step {t}; the run has steps 0 to {last}")
    return times


def _progress(share: float) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{share:4.0%} of the updates ")
        sys.stderr.flush()
