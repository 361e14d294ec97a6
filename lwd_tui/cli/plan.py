"""`lwd-tui plan`: what a run could show and what it costs, before it is begun."""

from __future__ import annotations

import asyncio
import math
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from lwd_tui.cli.options import Backend, Hosts, Level, Models, Queries, Settings
from lwd_tui.cli.shared import (
    asked_for,
    check_answers,
    check_level,
    plain_console,
    plain_table,
    say,
    write,
)
from lwd_tui.errors import LwdError

if TYPE_CHECKING:
    from lwd_tui.experiment.llm import Experiment
    from lwd_tui.experiment.participants import Wishes
    from lwd_tui.run.basis import Basis
    from lwd_tui.run.outlook import Outlook


def plan(
    preset: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="A preset's name, or a TOML file's path.")
    ],
    margin: Annotated[
        float | None, typer.Option(help="A norm, or a difference of norms, that is to show.")
    ] = None,
    stored: Annotated[
        list[str] | None,
        typer.Option(
            "--from", help="A stored run to plan from, in place of a few answers; or its seeds."
        ),
    ] = None,
    answers: Annotated[
        int, typer.Option(min=4, max=1000, help="Asked of each participant, to see how they vary.")
    ] = 8,
    seeds: Annotated[int, typer.Option(min=2, help="R: runs of each of two variants.")] = 6,
    power: Annotated[float, typer.Option(help="Probability with which it is to show.")] = 0.8,
    level: Level = 0.95,
    backend: Backend = "auto",
    host: Hosts = None,
    model: Models = None,
    query: Queries = None,
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Say what a run could show and what it costs, from a few answers or from stored runs."""
    from lwd_tui.run.outlook import outlook

    check_level(level)
    if not 1 - level < power < 1:
        raise LwdError(f"--power {power:g}: must lie between {1 - level:.2g} and 1, as in 0.8")
    if margin is not None and not 0 < margin < math.inf:
        raise LwdError(f"--margin {margin:g}: must be more than 0, as in 0.3")
    experiment, wishes = asked_for(preset, settings, {"query": query or None}, backend, model, host)
    if stored:
        experiment, basis = _from_runs(experiment, wishes, stored)
    else:
        experiment, basis = asyncio.run(_rehearsed(experiment, wishes, answers))
    found = outlook(experiment, basis, margin=margin, seeds=seeds, level=level, power=power)
    if as_json:
        write(found.to_dict())
    else:
        _print(found)


async def _rehearsed(
    experiment: Experiment, wishes: Wishes, answers: int
) -> tuple[Experiment, Basis]:
    from lwd_tui.run.basis import from_rehearsal
    from lwd_tui.run.choose import choose_cast
    from lwd_tui.run.rehearsal import rehearse

    experiment = await choose_cast(experiment, wishes, say)
    found = await rehearse(experiment, wishes.hosts, say, answers)
    return found.experiment, from_rehearsal(found)


def _from_runs(
    experiment: Experiment, wishes: Wishes, names: list[str]
) -> tuple[Experiment, Basis]:
    """Return the experiment, with the runs' participants where it names none, and its ground."""
    from lwd_tui.findings.comparison import compared, replicates
    from lwd_tui.lessons.recorded import run_called
    from lwd_tui.run.basis import from_runs
    from lwd_tui.store.run import RunStore

    if wishes.backend != "auto" or wishes.models or wishes.hosts:
        raise LwdError("--from: who takes part is known; leave out --backend, --model and --host")
    with ExitStack() as stack:
        stores = [stack.enter_context(RunStore.open(run_called(name))) for name in names]
        for store in stores:
            check_answers(store)
        if len(stores) > 1 and not replicates([compared(store) for store in stores]):
            raise LwdError(
                "--from: the runs must differ in their seeds, and in nothing else; see what they "
                "differ in with `lwd-tui compare`"
            )
        if not experiment.cast:
            cast = [
                who.model_dump(mode="json", exclude_none=True) for who in stores[0].experiment.cast
            ]
            experiment = experiment.replaced({"participants": cast})
        experiment = experiment.replaced(dict(wishes.settings), "command line")
        return experiment, from_runs(experiment, stores)


def _print(found: Outlook) -> None:
    from lwd_tui.text import clean_line

    experiment, console = found.experiment, plain_console()
    n, m = len(experiment.cast), len(experiment.queries)
    console.print(
        clean_line(
            f"{experiment.name}: n = {n}, L = {experiment.responses}, T = {experiment.steps}"
            f"{f', {m} queries together' if m > 1 else ''}; from {found.basis.source}"
        )
    )
    console.print(
        f'What "shows" does so with a probability of {found.power:.0%}, in a test at '
        f"{1 - found.level:.2g}.\n"
    )
    table = plain_table(show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("")
    for what, number, remark in [*_shown(found), *_cost(found)]:
        table.add_row(what, number, remark)
    console.print(table)


def _shown(found: Outlook) -> list[tuple[str, str, str]]:
    from lwd_tui.text import number_text

    length, basis = found.experiment.responses, found.basis
    spreads = ", ".join(f"{each:.3g}" for each in basis.scatter.dispersion[:6])
    shows = f"at L = {length}"
    if not math.isfinite(found.least_norm):
        alone = len(found.experiment.cast) < 2
        shows = "one alone is at no distance" if alone else f"L = {length} shows none whatever"
    unknown = "" if basis.deviation >= 0 else ": give several runs with --from"
    rows = [
        (
            "noise floor to expect",
            number_text(found.floor),
            f"S = {spreads}, in about {basis.scatter.directions:.1f} directions",
        ),
        ("least norm that a step shows", number_text(found.least_norm), shows),
        (
            f"least difference that {found.seeds} seeds show",
            number_text(found.least_difference),
            f"{found.least_effect:.2f} standard deviations of a difference{unknown}",
        ),
    ]
    if found.margin is None:
        return rows
    wished = f"a norm of {found.margin:g}"
    rows += [
        (f"{wished} shows at L = {length}", f"{found.margin_power or 0:.0%}", "of the time"),
        (f"{wished} shows from L =", _count(found.responses_to_show), "at a step"),
        (
            f'"the same within {found.margin:g}" from L =',
            _count(found.responses_for_same),
            f"at best, for {found.experiment.steps + 1} steps together",
        ),
        (
            f"a difference of {found.margin:g} shows from R =",
            _count(found.seeds_to_show),
            "seeds of each variant",
        ),
    ]
    return rows


def _cost(found: Outlook) -> list[tuple[str, str, str]]:
    from lwd_tui.run.cost import answers_each
    from lwd_tui.text import clean_line, duration, quantity, size_text

    basis, experiment = found.basis, found.experiment
    rows = [
        (
            "answers",
            quantity(len(experiment.cast) * answers_each(experiment)),
            f"of {quantity(basis.new_tokens)} tokens; {quantity(basis.prompt_tokens)} are read",
        ),
        (
            "time",
            "–" if basis.seconds is None else duration(basis.seconds),
            "a run, at the pace of the answers that it is from",
        ),
        ("disk", size_text(basis.disk), "a run"),
    ]
    for host, size in basis.memory.items():
        where = clean_line(host) or "this machine"
        rows.append(("memory", size_text(size) or "–", f"of weights on {where}"))
    return rows


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"
