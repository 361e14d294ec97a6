"""Options and arguments that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

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
