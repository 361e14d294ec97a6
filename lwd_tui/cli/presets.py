"""`lwd-tui presets`: what ships."""

from __future__ import annotations


def presets() -> None:
    """List the presets that ship."""
    from rich.console import Console
    from rich.table import Table

    from lwd_tui.presets import load_preset, preset_names

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("preset", "n", "L", "T", "beta", "posts", "what it is"):
        table.add_column(
            heading, justify="left" if heading in ("preset", "what it is") else "right"
        )
    for name in preset_names():
        experiment = load_preset(name)
        table.add_row(
            name,
            str(len(experiment.cast) or "auto"),
            str(experiment.responses),
            str(experiment.steps),
            f"{experiment.beta:g}",
            str(len(experiment.posts)),
            experiment.description,
        )
    Console().print(table)
