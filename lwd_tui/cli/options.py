"""Options and arguments that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from lwd_tui.experiment.registry import OURS, generators, place_of

Run = Annotated[str, typer.Argument(help="A run's name or file.")]
Level = Annotated[
    float, typer.Option("--confidence", help="Of bounds and intervals, between 0 and 1.")
]
StepsAsJson = Annotated[
    bool, typer.Option("--json", help="Write one JSON object a step, then a summary.")
]
RunsAsJson = Annotated[
    bool, typer.Option("--json", help="Write one JSON object a run, then a summary.")
]


def _known_backend(name: str) -> str:
    """Refuse what is neither "auto" nor a backend that answers prompts."""
    place = place_of(name)
    if name != "auto" and (place is None or not place.generates):
        names = ", ".join(map(repr, ("auto", *generators())))
        raise typer.BadParameter(f"{name!r} is not one of {names}.")
    return name


Backend = Annotated[
    str,
    typer.Option(
        help="Who runs the models.",
        # Those of other packages are left to be looked for when one is named.
        metavar=f"<{'|'.join(('auto', *(name for name, it in OURS.items() if it.generates)))}>",
        callback=_known_backend,
    ),
]
Hosts = Annotated[
    list[str] | None, typer.Option("--host", help="A server's address; may be given again.")
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="A participant's model; may be given again, for copies too."),
]
Queries = Annotated[
    list[str] | None,
    typer.Option(
        "--query",
        help="A query; given again, further ones are asked too. Answers to the first are posted.",
    ),
]
OfQuery = Annotated[
    int,
    typer.Option(
        "--of-query", min=0, help="Of a run of several queries: one of them, from 1; 0: together."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="FIELD=VALUE: any field, such as posts_file=posts.csv."),
]
