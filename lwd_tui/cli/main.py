"""The command line: options in, calls out. Everything heavy is imported where it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lwd_tui.cli import (
    compare,
    demo,
    doctor,
    fork,
    gmm,
    models,
    plan,
    presets,
    replay,
    report,
    runs,
    serve,
    stats,
    sweep,
)
from lwd_tui.cli.explore import explore
from lwd_tui.cli.options import Backend, Hosts, Models, Queries, Run, Settings, StepsAsJson
from lwd_tui.cli.outcome import leave
from lwd_tui.cli.shared import asked_for
from lwd_tui.errors import LwdError

app = typer.Typer(
    name="lwd-tui",
    help="LLM Web Dynamics: watch a network of language models read each other and drift together.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")
app.command("presets")(presets.presets)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("replay")(replay.replay)
app.command("fork")(fork.fork)
app.command("gmm")(gmm.gmm)
app.command("plan")(plan.plan)
app.command("stats")(stats.stats)
app.command("compare")(compare.compare)
app.command("sweep")(sweep.sweep)
app.command("report")(report.report)
app.command("serve")(serve.serve)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    preset: Annotated[
        str | None, typer.Option(help="A preset's name, or the path of a TOML file.")
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Run without a screen.")] = False,
    backend: Backend = "auto",
    host: Hosts = None,
    model: Models = None,
    steps: Annotated[int | None, typer.Option(help="T: the run has steps 0 to T.")] = None,
    responses: Annotated[
        int | None, typer.Option(help="L: answers a participant and step.")
    ] = None,
    beta: Annotated[float | None, typer.Option(help="Share of the posts that is read.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all randomness.")] = None,
    query: Queries = None,
    settings: Settings = None,
    out: Annotated[Path | None, typer.Option(help="File that the run is kept in.")] = None,
    as_json: StepsAsJson = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open the explorer, or run an experiment; `lwd-tui presets` lists those that ship."""
    written = [option for option in context.command.params if _is_written(context, option.name)]
    if (command := context.invoked_subcommand) is not None:
        if written:
            raise LwdError(f"{command} doesn't see {written[0].opts[-1]}: write it after {command}")
        return
    if version:
        from lwd_tui import __version__

        typer.echo(f"lwd-tui {__version__}")
        return
    headless = headless or as_json
    if headless and preset is None:
        raise LwdError("say what to run with --preset NAME; `lwd-tui presets` lists them")
    given = {
        "steps": steps,
        "responses": responses,
        "beta": beta,
        "seed": seed,
        "query": query or None,
    }
    if preset is None:
        if written:
            raise LwdError("these options change a preset: name it with --preset")
        raise typer.Exit(explore())

    experiment, wishes = asked_for(preset, settings, given, backend, model, host)
    if not headless:
        raise typer.Exit(explore(experiment=experiment, wishes=wishes, path=out))

    from lwd_tui.cli.headless import run_headless
    from lwd_tui.store.folder import new_run_path

    path = out if out is not None else new_run_path(experiment.name)
    raise typer.Exit(run_headless(experiment, wishes, path, as_json=as_json))


def _is_written(context: typer.Context, option: str | None) -> bool:
    source = context.get_parameter_source(option or "")
    return source is not None and source.name == "COMMANDLINE"


@app.command()
def resume(
    run: Run,
    headless: Annotated[bool, typer.Option("--headless", help="Without a screen.")] = False,
    host: Hosts = None,
    allow_changed: Annotated[
        bool,
        typer.Option("--allow-changed", help="Go on although a model isn't the recorded one."),
    ] = False,
    as_json: StepsAsJson = False,
) -> None:
    """Go on where a stored run stopped."""
    from lwd_tui.store.folder import find_run

    path = find_run(run)
    if not headless and not as_json:
        raise typer.Exit(explore(run=path, hosts=host or (), allow_changed=allow_changed))
    from lwd_tui.cli.headless import resume_headless

    code = resume_headless(path, tuple(host or ()), allow_changed=allow_changed, as_json=as_json)
    raise typer.Exit(code)


def main() -> None:
    """Run the command line, and leave with its exit code."""
    leave(app)
