"""`lwd-tui presets`: what ships."""

from __future__ import annotations


def presets() -> None:
    """List the presets that ship, of language models and of mixtures."""
    from lwd_tui.cli.shared import plain_console
    from lwd_tui.experiment.files import load_gmm_preset, load_preset, preset_names

    console = plain_console()
    for title, names, load in (
        ("Language models: lwd-tui --preset NAME --headless", preset_names(), load_preset),
        ("Mixtures: lwd-tui gmm --preset NAME", preset_names("gmm"), load_gmm_preset),
    ):
        console.print(title, style="bold")
        for name in names:
            line = f"  {name:<19} {load(name).description}"
            console.print(line, soft_wrap=True)
