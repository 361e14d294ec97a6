"""`lwd-tui stats`: what the answers of a stored run show, and how surely."""

from __future__ import annotations

from typing import Annotated

import typer

from lwd_tui.cli.options import Level, OfQuery, Run, StepsAsJson
from lwd_tui.cli.shared import check_answers, check_level, counted, plain_console, write


def stats(
    run: Run,
    margin: Annotated[
        float | None,
        typer.Option(help="Norm below which the participants count as the same; choose it first."),
    ] = None,
    window: Annotated[
        int, typer.Option("--in-a-row", min=1, help="Steps in a row that must be below it.")
    ] = 3,
    control: Annotated[
        str | None,
        typer.Option(help="A run of equal participants: says which margin is within reach."),
    ] = None,
    level: Level = 0.95,
    permutations: Annotated[int, typer.Option(min=1, help="Permutations of each test.")] = 999,
    radius: Annotated[
        float | None,
        typer.Option(help="Distance from the final centre that counts as arrived there."),
    ] = None,
    of_query: OfQuery = 0,
    as_json: StepsAsJson = False,
) -> None:
    """Test, measure and judge a stored run: do they differ, are they the same, has it settled."""
    from lwd_tui.analysis.equivalence import equivalence
    from lwd_tui.cli.stats_lines import findings_line, verdicts_line
    from lwd_tui.cli.stats_report import print_findings
    from lwd_tui.findings.control import check_control, least_margin
    from lwd_tui.findings.step import step_findings
    from lwd_tui.findings.verdicts import run_findings
    from lwd_tui.lessons.recorded import run_called
    from lwd_tui.store.run import RunStore

    # What is wrong with the options is said before the steps are gone through.
    check_level(level)
    if margin is not None:
        equivalence((), margin, window)
    with RunStore.open(run_called(run)) as store:
        check_answers(store.look_at(of_query))
        reach = None
        if control is not None:
            with RunStore.open(run_called(control)) as other:
                check_answers(other.look_at(of_query))
                check_control(store, other)
                steps = counted(range(other.finished()), "control")
                reach = least_margin(store, other, window, level, steps)
        found = []
        for numbers in counted(store.numbers(), "steps"):
            found.append(
                step_findings(
                    store,
                    numbers,
                    level=level,
                    permutations=permutations,
                )
            )
            if as_json:
                write(findings_line(store.experiment, found[-1]))
        whole = run_findings(store, found, margin=margin, window=window, level=level, radius=radius)
        if as_json:
            write(verdicts_line(store, whole, level, permutations, reach))
        else:
            print_findings(store, found, whole, level, reach, plain_console())
