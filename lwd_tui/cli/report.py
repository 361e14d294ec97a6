"""`lwd-tui report`: a stored run as a page, or its figures as a picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lwd_tui.cli.options import OfQuery, Run
from lwd_tui.cli.shared import tell


class Figure(StrEnum):
    """What a picture shows."""

    all = "all"
    norm = "norm"
    scatter = "scatter"
    dispersion = "dispersion"
    clusters = "clusters"
    posts = "posts"
    weights = "weights"
    densities = "densities"


def report(
    run: Run,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="FILE.html: a page; FILE.png, .svg or .pdf: its figures."),
    ],
    figure: Annotated[
        Figure | None,
        typer.Option(
            help="Of a picture: one figure alone; weights and densities are those of mixtures."
        ),
    ] = None,
    at: Annotated[
        list[int] | None,
        typer.Option(help="Of scatter and posts: a step t to show; may be given several times."),
    ] = None,
    of_query: OfQuery = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Write a run as one page that needs nothing else, or its figures as PNG, SVG or PDF."""
    from lwd_tui.lessons.recorded import run_called
    from lwd_tui.report.write import write_report
    from lwd_tui.store.run import RunStore

    with RunStore.open(run_called(run)) as store:
        store.look_at(of_query)
        write_report(store, out, figure.value if figure else None, at or (), replace=force)
    tell(str(out))
