"""`lwd-tui demo`: the first thing to try."""

from __future__ import annotations

import shutil
import sys

import typer

_WHAT = (
    "Two small language models on this machine read each other's posts and answer one question, "
    "step after step. The first time, their weights are fetched (650 MB); the run takes a few "
    "minutes."
)


def demo() -> None:
    """Run the preset quickstart, and say what to do next."""
    from lwd_tui.cli.run import run_headless
    from lwd_tui.experiment.files import load_preset
    from lwd_tui.experiment.participants import Wishes
    from lwd_tui.store.folder import new_run_path

    experiment = load_preset("quickstart")
    path = new_run_path(experiment.name)
    typer.echo(_WHAT, err=True)
    if code := run_headless(experiment, Wishes(), path, as_json=False):
        raise typer.Exit(code)
    # `make demo` calls the program by its path, which isn't on the shell's.
    lwd = "lwd-tui" if shutil.which("lwd-tui") else sys.argv[0]
    typer.echo("\nWhat to do next:", err=True)
    for words, why in (
        (f"resume {path.stem}", "this run in the explorer: go back in it with the comma"),
        (f"stats {path.stem}", "do they still differ, and what collapsed?"),
        ("--preset bitcoin", "the paper's question, live"),
    ):
        typer.echo(f"    {lwd} {words:<36}  # {why}", err=True)
