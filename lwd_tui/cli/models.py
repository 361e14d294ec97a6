"""`lwd-tui models`: the weights that ship as packages."""

from __future__ import annotations

import typer

app = typer.Typer(help="The models: list, pull, check.", no_args_is_help=True)
