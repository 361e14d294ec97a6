"""`lwd-tui demo`: the first thing to try, and recorded runs that are shown stop by stop."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lwd_tui.cli.shared import tell

if TYPE_CHECKING:
    from lwd_tui.lessons.lesson import Lesson

_WHAT = (
    "Two small language models on this machine read each other's posts and answer one question, "
    "step after step. The first time, their weights and those of an embedder are fetched (some 650 "
    "MB); the run takes a few minutes. At each step t both read k of the |A| posts that there are; "
    "the norm says how far apart their answers are."
)


def demo(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A demonstration to play; --list has them.")
    ] = "",
    listed: Annotated[bool, typer.Option("--list", help="List the demonstrations.")] = False,
    headless: Annotated[
        bool, typer.Option("--headless", help="Print a demonstration as text.")
    ] = False,
    handout: Annotated[
        Path | None, typer.Option(help="FILE.html or FILE.pdf: a page about it, for a class.")
    ] = None,
) -> None:
    """Run the preset quickstart, and say what to do next; or play a demonstration."""
    if not (name or listed):
        if headless or handout is not None:
            raise typer.BadParameter("name a demonstration; lwd-tui demo --list has them")
        _first_run()
        return
    from lwd_tui.lessons.lesson import lesson_called, lessons

    if listed:
        for each, lesson in lessons().items():
            typer.echo(f"{each:<12}  {lesson.title}")
        return
    if handout is not None:
        _hand_out(name, lesson_called(name), handout)
        return
    if headless:
        _print(lesson_called(name))
        return
    from lwd_tui.cli.explore import explore

    raise typer.Exit(explore(lesson=lesson_called(name)))


def _hand_out(name: str, lesson: Lesson, out: Path) -> None:
    from lwd_tui.report.write import check_packages

    check_packages()
    from lwd_tui.report.handout import write_handout

    write_handout(name, lesson, out)
    tell(str(out))


def _print(lesson: Lesson) -> None:
    """Print what is said, with the numbers of the steps that are looked at."""
    import textwrap

    from lwd_tui.lessons.recorded import recorded_run
    from lwd_tui.llm.network import first_usable
    from lwd_tui.store.run import RunStore
    from lwd_tui.text import clean_line, number_text

    def tell(text: str, mark: str = "") -> None:
        typer.echo(textwrap.fill(text, 79, initial_indent=mark, subsequent_indent="    "))

    typer.echo(f"{lesson.title}\n")
    with RunStore.open(recorded_run(lesson.recorded)) as store:
        known, seen = store.numbers(), None
        for place, stop in enumerate(lesson.stops, 1):
            tell(stop.say, f"{place}.  ")
            if stop.t not in (None, seen) and store.kind == "llm":
                seen = stop.t
                numbers, step = known[stop.t], store.step(stop.t)
                typer.echo(
                    f"    t = {stop.t}: norm {number_text(numbers.norm)}, debiased "
                    f"{number_text(numbers.norm_debiased)}, floor "
                    f"{number_text(numbers.noise_floor)}"
                )
                for answer in first_usable(step.responses):
                    who = store.experiment.cast[answer.participant].name
                    tell(clean_line(f"{who}: {answer.text}"), "      ")
            if stop.ask:
                tell(stop.ask, "  ? ")
            typer.echo()


def _first_run() -> None:
    from lwd_tui.cli.headless import run_headless
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
    typer.echo(
        "\nThis was one seed, and not all come together as plainly: docs/embedded.md has ten.\n"
        "What to do next:",
        err=True,
    )
    for words, why in (
        (f"resume {path.stem}", "this run in the explorer: go back in it with the comma"),
        (f"stats {path.stem}", "do they still differ, and what collapsed?"),
        ("--preset bitcoin", "the paper's question, live"),
        ("demo collapse", "a recorded run that does, told stop by stop; demo --list has more"),
    ):
        typer.echo(f"    {lwd} {words:<36}  # {why}", err=True)
