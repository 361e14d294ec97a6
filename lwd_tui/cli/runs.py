"""`lwd-tui runs`: the stored runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lwd_tui.cli.options import OfQuery, Run
from lwd_tui.cli.shared import plain_console, plain_table, tell, write

app = typer.Typer(help="The stored runs: list, show, export, delete.", no_args_is_help=True)

_WIDE = 100


class Format(StrEnum):
    """What a run is exported as."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


@app.command("list")
def list_() -> None:
    """List the stored runs, the newest last."""
    from rich.text import Text

    from lwd_tui.store.folder import list_runs, runs_folder
    from lwd_tui.text import clean_line
    from lwd_tui.text import number_text as number

    summaries = list_runs()
    if not summaries:
        tell(f"No runs in {runs_folder()} yet; start with: lwd-tui --preset quickstart --headless")
        return
    console = plain_console()
    headings = ["run", "status", "steps", "norm", "participants", "created"]
    # The usual name of a run holds its day.
    shown = headings if console.width >= _WIDE else headings[:-1]
    table = plain_table()
    for heading in shown:
        table.add_column(heading, no_wrap=heading != "participants", overflow="fold")
    for run in summaries:
        norms = f"{number(run.norm_first)} → {number(run.norm_last)}" if run.done else ""
        cells = (
            Text(clean_line(run.name)),
            run.status,
            f"{run.done} of {run.steps}",
            norms,
            Text(clean_line(", ".join(run.participants))),
            run.created[:16].replace("T", " "),
        )
        table.add_row(*cells[: len(shown)])
    console.print(table)


@app.command()
def show(
    run: Run,
    of_query: OfQuery = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a step.")] = False,
) -> None:
    """Show a run's numbers, its curve and its last scatter."""
    from lwd_tui.cli.gmm import print_gmm, write_json
    from lwd_tui.cli.summary import print_summary, step_lines, summary_line
    from lwd_tui.lessons.recorded import run_called
    from lwd_tui.run.recorded import stored_mixtures
    from lwd_tui.store.run import RunStore

    with RunStore.open(run_called(run)) as store:
        store.look_at(of_query)
        if store.kind == "gmm":
            (write_json if as_json else print_gmm)(stored_mixtures(store))
        elif as_json:
            for line in [*step_lines(store), summary_line(store)]:
                write(line)
        else:
            print_summary(store, plain_console())


@app.command()
def export(
    run: Run,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")],
    out: Annotated[Path, typer.Option(help="Where to write it.")],
    content_only: Annotated[
        bool,
        typer.Option("--content-only", help="Leave out times, hosts and attempts."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Write a run's content for pandas and other tools."""
    from lwd_tui.lessons.recorded import run_called
    from lwd_tui.store.export import export as write_files
    from lwd_tui.store.run import RunStore

    with RunStore.open(run_called(run)) as store:
        for path in write_files(
            store, format_.value, out, content_only=content_only, overwrite=force
        ):
            tell(str(path))


@app.command()
def delete(run: Run) -> None:
    """Move a run to the trash."""
    from lwd_tui.store.errors import run_name
    from lwd_tui.store.folder import delete_run, find_run

    path = find_run(run)
    kept = delete_run(path)
    name = run_name(path)
    tell(f"{name} is in the trash: {kept}; `lwd-tui runs restore {name}` undoes it")


@app.command()
def restore(run: Annotated[str, typer.Argument(help="A deleted run's name.")]) -> None:
    """Take a run back out of the trash."""
    from lwd_tui.store.folder import restore_run

    tell(f"restored: {restore_run(run)}")
