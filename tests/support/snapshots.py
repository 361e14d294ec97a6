"""What a screen shows, kept as a text file and compared with what it shows now."""

import difflib
import hashlib
import os
from importlib.metadata import version
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot

from lwd_tui.tui.parts.plot import Plot
from support.tui import painted, shown, until

_PATIENCE = 50
FOLDER = Path(__file__).parent.parent / "tui" / "snapshots"


async def compare(app: App, pilot: Pilot, name: str, failures: Path) -> None:
    """Fail if the screen isn't what was kept; with SNAPSHOTS=take, keep what it shows now.

    Kept are the words, and a hash of their colours. Each file says which Textual made it: another
    version may draw the same screen otherwise, which says nothing about us.
    """
    await until(pilot, lambda: not any(plot.waits for plot in app.screen_stack[0].query(Plot)))
    await pilot.pause(0.05)
    made_with = f"textual {version('textual')}, textual-plot {version('textual-plot')}"

    def look() -> str:
        return f"{made_with}\ncolours {_colours(app)}\n{shown(app)}\n"

    now = look()
    path = FOLDER / f"{name}.txt"
    if os.environ.get("SNAPSHOTS") == "take":
        FOLDER.mkdir(exist_ok=True)
        # What is read on other threads has come by then.
        await pilot.pause(0.5)
        path.write_text(look(), encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8")
    if not kept.startswith(f"{made_with}\n"):
        pytest.skip(f"{path.name} was not made with {made_with}")
    # A busy machine may still be painting: what counts is where the screen comes to rest.
    for _ in range(_PATIENCE):
        if kept == now:
            return
        await pilot.pause(0.1)
        now = look()
    if kept != now:
        picture = failures / f"{name}.svg"
        picture.write_text(app.export_screenshot(), encoding="utf-8")
        difference = "\n".join(difflib.unified_diff(kept.split("\n"), now.split("\n"), n=0))
        pytest.fail(f"{name} differs from {path}; see {picture}\n{difference}", pytrace=False)


def _colours(app: App) -> str:
    runs = [
        (str(segment.style), len(segment.text))
        for line in painted(app)
        for segment in line.simplify()
    ]
    return hashlib.sha256(repr(runs).encode()).hexdigest()[:16]
