"""`lwd-tui fork`: a stored run, taken anew from one of its steps on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lwd_tui.cli.explore import explore, refuse_without_terminal
from lwd_tui.cli.options import Backend, Hosts, Level, Models, Run, Settings
from lwd_tui.cli.shared import check_level, say
from lwd_tui.errors import LwdError, RunStopped, RunWorthless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lwd_tui.experiment.llm import Experiment
    from lwd_tui.experiment.participants import Wishes


def fork(
    run: Run,
    at: Annotated[int, typer.Option("--at", help="t: the first step that is taken anew.")],
    settings: Settings = None,
    post: Annotated[
        list[str] | None,
        typer.Option("--post", help="A post that is put in by hand there; may be given again."),
    ] = None,
    silence: Annotated[
        list[str] | None,
        typer.Option("--silence", help="A participant that posts no more; may be given again."),
    ] = None,
    backend: Backend = "auto",
    host: Hosts = None,
    model: Models = None,
    replicates: Annotated[
        int,
        typer.Option(
            min=1,
            help="With so many seeds, each beside a twin that changes nothing; compared then.",
        ),
    ] = 1,
    headless: Annotated[bool, typer.Option("--headless", help="Without a screen.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="File that the fork is kept in; of replicates how their names begin."),
    ] = None,
    level: Level = 0.95,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Write one JSON object a step, or a replicate; a summary."),
    ] = False,
) -> None:
    """Take a stored run anew from one of its steps on, with something changed or nothing."""
    from lwd_tui.experiment.participants import Wishes
    from lwd_tui.lessons.recorded import run_called
    from lwd_tui.run.fork import fork_run
    from lwd_tui.store.folder import reference

    check_level(level)
    seen = not (headless or as_json or replicates > 1)
    if seen:
        refuse_without_terminal()
    path = run_called(run)
    wishes = Wishes(backend, tuple(model or ()), tuple(host or ()))
    experiment = _changed(path, at, settings or (), silence or (), wishes)
    if replicates > 1:
        files = _replicates(path, at, experiment, post or (), replicates, out)
        say(f"{len(files)} runs, of {experiment.steps + 1 - at} steps each")
        _see_through(files, wishes.hosts)
        from lwd_tui.cli.compare import compare

        compare([str(file) for file in (path, *files)], level=level, as_json=as_json)
        return
    made = fork_run(path, at, experiment, posts=post or (), out=out)
    if seen:
        raise typer.Exit(explore(run=made, hosts=wishes.hosts))
    from lwd_tui.cli.headless import resume_headless

    try:
        code = resume_headless(made, wishes.hosts, as_json=as_json)
    except RunWorthless:
        raise
    except LwdError:
        say(f"the fork is kept; go on with: lwd-tui resume {reference(made)}")
        raise
    raise typer.Exit(code)


def _changed(
    path: Path, at: int, settings: Sequence[str], silence: Sequence[str], wishes: Wishes
) -> Experiment:
    """Return by what a fork goes on: its parent's experiment with what was asked for."""
    import asyncio

    from lwd_tui.experiment.files import changed
    from lwd_tui.experiment.section import parse_setting
    from lwd_tui.run.choose import choose_cast
    from lwd_tui.run.fork import refuse_step
    from lwd_tui.store.run import RunStore
    from lwd_tui.text import suggestion

    with RunStore.open(path) as store:
        refuse_step(store, at)
        experiment = store.experiment
    if wishes.models or wishes.backend != "auto":
        experiment = asyncio.run(choose_cast(experiment, wishes, say))
    changes = dict(parse_setting(setting) for setting in settings)
    names = [who.name for who in experiment.cast]
    for name in silence:
        if name not in names:
            raise LwdError(
                f"--silence {name!r}: no participant has this name; {suggestion(name, names)}"
            )
        changes[f"participants.{names.index(name)}.silent"] = True
    return changed(experiment, changes, say)


def _replicates(
    path: Path,
    at: int,
    experiment: Experiment,
    posts: Sequence[str],
    count: int,
    out: Path | None,
) -> list[Path]:
    """Make forks with several seeds, and their twins; those that are there already are kept."""
    from lwd_tui.run.fork import changes_between, fork_run
    from lwd_tui.store.run import RunStore

    with RunStore.open(path) as store:
        parent, twin_of = store.created, store.experiment
    changes = changes_between(twin_of, experiment)
    same = not changes and not posts
    files = []
    for number in range(count):
        for twin in (True,) if same else (False, True):
            file = None
            if out is not None:
                kind = "-twin" if twin else ""
                file = out.with_name(f"{out.stem}{kind}-{number + 1}{out.suffix}")
            by_hand = () if twin else tuple(post.strip() for post in posts)
            wanted = (parent, at, {} if twin else changes, by_hand, number)
            if file is None or _forked(file) != wanted:
                what = twin_of if twin else experiment
                file = fork_run(path, at, what, posts=by_hand, replicate=number, out=file)
            files.append(file)
    return files


def _forked(file: Path) -> tuple[object, ...] | None:
    """Return by what a file is known as a fork; None if there is none, or no fork."""
    from lwd_tui.store.run import RunStore

    if not file.exists():
        return None
    with RunStore.open(file) as store:
        fork = store.fork
    if fork is None:
        return None
    return fork.created, fork.at, fork.changes, fork.posts, fork.replicate


def _see_through(files: Sequence[Path], hosts: tuple[str, ...]) -> None:
    """Go on with runs, one after the other, to their ends."""
    from lwd_tui.cli.headless import resume_headless
    from lwd_tui.store.run import RunStore

    for number, file in enumerate(files):
        with RunStore.open(file) as store:
            done = store.status == "done"
        if done:
            continue
        try:
            code = resume_headless(file, hosts, told=False)
        except RunWorthless:
            raise
        except LwdError as error:
            raise RunStopped(_left(files, number, f": {error}")) from error
        if code:
            say(_left(files, number))
            raise typer.Exit(code)


def _left(files: Sequence[Path], whole: int, why: str = "") -> str:
    """Say how many runs are whole, why it is no more, and how to go on with the others."""
    from lwd_tui.store.folder import reference

    return (
        f"{whole} of {len(files)} runs are whole{why}; go on with each that is left by "
        f"`lwd-tui resume`, then compare them all: {', '.join(map(reference, files[whole:]))}"
    )
