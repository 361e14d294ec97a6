"""Pictures of every screen, from a real stored run: `make screenshots`.

Takes the newest whole run of the preset `quickstart`; makes one first if there is none.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.setdefault("COLORTERM", "truecolor")
os.environ.pop("NO_COLOR", None)

import resvg_py
from matplotlib import font_manager
from textual.pilot import Pilot

from lwd_tui.store.folder import list_runs
from lwd_tui.tui.app import PAGES, Explorer
from lwd_tui.tui.parts.plot import Plot

FOLDER = Path(__file__).parent
SIZES = ((80, 24), (120, 40), (200, 60))
PRESET = "quickstart"
FONT = "DejaVu Sans Mono"


def stored_run() -> Path:
    """Return the newest whole run of the preset, making one if there is none."""
    for _ in range(2):
        whole = [run for run in list_runs() if run.experiment == PRESET and run.status == "done"]
        if whole:
            return max(whole, key=lambda run: run.created).path
        command = [sys.executable, "-m", "lwd_tui", "--preset", PRESET, "--headless"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    raise SystemExit(f"no whole run of {PRESET} came about")


async def settled(app: Explorer, pilot: Pilot) -> None:
    """Wait until nothing moves: no worker runs and no plot waits to be drawn."""
    for _ in range(100):
        await pilot.pause(0.05)
        plots = app.screen_stack[0].query(Plot)
        if not app.workers._workers and not any(plot.waits for plot in plots):
            break
    await pilot.pause(0.3)


async def take(run: Path, size: tuple[int, int], theme: str) -> None:
    """Take a picture of each page at one size."""
    app = Explorer(run=run)
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        app.theme = theme
        for number, page in enumerate(PAGES, 1):
            await pilot.press(str(number))
            await settled(app, pilot)
            if page.name == "gmm":
                # Locked to the other clock, the mixtures show the same t.
                await pilot.press("l")
                await settled(app, pilot)
            suffix = "" if theme == "lwd-dark" else f"-{theme.removeprefix('lwd-')}"
            keep(app.export_screenshot(title="lwd-tui"), f"{page.name}-{size[0]}x{size[1]}{suffix}")


def keep(svg: str, name: str) -> None:
    """Write a picture as SVG and as PNG, with a font that needs no network."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", FONT)
    (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
    fonts = [font_manager.findfont(FONT), font_manager.findfont(f"{FONT}:bold")]
    png = resvg_py.svg_to_bytes(svg_string=svg, font_files=fonts, monospace_family=FONT)
    (FOLDER / f"{name}.png").write_bytes(bytes(png))
    print(name, flush=True)


async def main() -> None:
    """Take them all."""
    run = stored_run()
    print(f"from {run}", flush=True)
    # The pictures don't depend on, nor change, the keys and state of who takes them.
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = state
        for size in SIZES:
            await take(run, size, "lwd-dark")
        await take(run, (120, 40), "lwd-light")


asyncio.run(main())
