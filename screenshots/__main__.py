"""Pictures of every screen: `make screenshots`."""

import asyncio
import io
import os
import shutil
import tempfile
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.setdefault("COLORTERM", "truecolor")
os.environ.pop("NO_COLOR", None)

import resvg_py
from matplotlib import font_manager
from PIL import Image
from textual.pilot import Pilot

from lwd_tui.lessons.recorded import recorded_run
from lwd_tui.palette import as_rgb
from lwd_tui.store.folder import runs_folder
from lwd_tui.tui.app import PAGES, Explorer
from lwd_tui.tui.parts.plot import Plot
from screenshots.drawing import FONT, svg

FOLDER = Path(__file__).parent
SIZES = ((80, 24), (120, 40), (200, 60))
FILM, FRAME = (120, 40), 700
"""Cells of the moving picture, and milliseconds of a step."""
RUNS = ("fresh", "alone", "collapse")
"""Recorded runs that stand on the page Runs; the last one is shown on all others."""


def stored_runs() -> Path:
    """Put the recorded runs among those of the user, who is nobody here; return the last one."""
    runs_folder().mkdir(parents=True)
    for name in RUNS:
        kept = shutil.copy(recorded_run(name), runs_folder() / f"{name}.sqlite")
    return Path(kept)


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
            name = f"{page.name}-{size[0]}x{size[1]}{suffix}"
            (FOLDER / f"{name}.png").write_bytes(painted(app))
            print(name, flush=True)


async def film(run: Path) -> None:
    """Make a moving picture of the page Live, from the first step to the last."""
    app = Explorer(run=run)
    async with app.run_test(size=FILM) as pilot:
        await settled(app, pilot)
        app.theme = "lwd-dark"
        await pilot.press("2")
        frames = []
        for t in range(len(app.controller.numbers)):
            app.action_scrub_to(t)
            await settled(app, pilot)
            frames.append(Image.open(io.BytesIO(painted(app))).convert("RGB").quantize(128))
    times = [FRAME] * (len(frames) - 1) + [4 * FRAME]
    frames[0].save(
        FOLDER / "live.gif", save_all=True, append_images=frames[1:], duration=times, loop=0
    )
    print("live.gif", flush=True)


def painted(app: Explorer) -> bytes:
    """Return what the screen shows as a PNG, with a font that needs no network."""
    theme = app.theme_variables
    strips = app.screen._compositor.render_strips()
    drawn = svg(strips, as_rgb(theme["background"]), as_rgb(theme["foreground"]))
    fonts = [font_manager.findfont(FONT), font_manager.findfont(f"{FONT}:bold")]
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn, font_files=fonts, monospace_family=FONT))


async def main() -> None:
    """Take them all."""
    # The pictures don't depend on, nor change, the runs, keys and state of who takes them.
    with tempfile.TemporaryDirectory() as home:
        os.environ["LWD_HOME"] = f"{home}/lwd-tui"
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = home
        run = stored_runs()
        for size in SIZES:
            await take(run, size, "lwd-dark")
        await take(run, (120, 40), "lwd-light")
        await film(run)


if __name__ == "__main__":
    asyncio.run(main())
